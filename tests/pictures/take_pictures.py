"""Take the pictures of the README: the overview and a team of the made-up company, light, 1280 px wide.

    python tests/pictures/take_pictures.py docs/pictures

Makes the company in a temporary folder, serves it on a free port, and stops it again. Wants Chromium, and the second
half of a month: earlier there is little to see. Exits 1 where a picture is too large for a README.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from playwright.sync_api import sync_playwright

LARGEST = 250_000
WIDTH = 1280
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@dataclass(frozen=True)
class Shot:
    """One picture: the path of its page, and how much of the page it shows, in pixels from the top."""

    name: str
    path: str
    height: int


SHOTS = (Shot("overview", "/", 1150), Shot("team", "/teams/assistant", 1010))


def attributor(*arguments: str) -> None:
    """Run a command to its end; an exit code of 1 (found something) is fine."""
    found = subprocess.run([sys.executable, "-m", "attributor", *arguments], check=False)
    if found.returncode not in {0, 1}:
        sys.exit(f"attributor {' '.join(arguments)} ended with {found.returncode}")


def make_company(folder: Path, port: int) -> Path:
    """Write the company, read it, read it again with its restated day; return its configuration."""
    attributor("demo", str(folder), "--days", "75")
    configuration = folder / "attributor.yaml"
    configuration.write_text(configuration.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
    attributor("run", "-c", str(configuration))
    shutil.copytree(folder / "later", folder, dirs_exist_ok=True)
    attributor("run", "-c", str(configuration))
    return configuration


@contextmanager
def served(configuration: Path, address: str) -> Iterator[None]:
    """Serve the company until the pictures are taken."""
    daemon = subprocess.Popen([sys.executable, "-m", "attributor", "serve", "-c", str(configuration)])
    try:
        deadline = time.monotonic() + 60
        while not is_up(address):
            if daemon.poll() is not None or time.monotonic() > deadline:
                sys.exit("the daemon did not start")
            time.sleep(0.2)
        yield
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)


def is_up(address: str) -> bool:
    """Whether the daemon answers."""
    try:
        return httpx2.get(f"{address}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def take(address: str, folder: Path) -> None:
    """Write the pictures into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        for shot in SHOTS:
            page = browser.new_page(viewport={"width": WIDTH, "height": shot.height}, color_scheme="light")
            page.goto(address + shot.path)
            page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(place => place.dataset.drawn)")
            page.screenshot(path=folder / f"{shot.name}.png")
        browser.close()


def main() -> None:
    """Take every picture; say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="attributor-pictures-") as company:
        configuration = make_company(Path(company) / "company", port)
        with served(configuration, address):
            take(address, folder)
    sizes = {shot.name: (folder / f"{shot.name}.png").stat().st_size for shot in SHOTS}
    print(sizes)
    if max(sizes.values()) > LARGEST:
        sys.exit(f"a picture is larger than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
