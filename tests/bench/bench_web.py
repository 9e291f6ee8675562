"""How fast the pages are where the company is large: 500 teams, 20 services each, 12 months.

    python tests/bench/bench_web.py [--teams 500] [--services 20] [--days 365] [--charges 1370000]

Fills a ledger, serves it from another process as the daemon does, and asks for every page: the time of the first reader
of each view, but for those that the daemon reads ahead, and of the next ones; of teams that nobody has asked for yet;
the time until the charts are drawn in a real Chromium; and a hundred readers at once. Then it runs a made-up company of
ten days, each of as many charges as a day has where a year has 50 million, and goes down to the charges of a day.

Prints all beside the limits: 95 of 100 answers within 100 ms, charts within 1.5 s, the charges of a day within 1 s.
Exits 1 where one is passed.
"""

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import uvicorn
from bench_pages import NOW, fill
from playwright.sync_api import Page, sync_playwright

from attributor.ledger.engine import open_engine
from attributor.ledger.mirror.mirror import Mirror
from attributor.ledger.schema import migrate
from attributor.reports.kept import KeptReports
from attributor.web.parts import SiteParts
from attributor.web.site import build_site
from attributor.web.warming import Warming
from rules.ruleset import Budget, Team

PATHS = (
    "/",
    "/?period=2026-10",
    "/?period=2026-Q3",
    "/?group=service",
    "/?service=service%203",
    "/teams/team-7",
    "/teams/team-7?period=2026-Q3",
    "/gpus",
    "/models",
    "/unit-costs",
    "/budgets",
    "/statements",
    "/data-quality",
    "/rules",
    "/alerts",
    "/health",
    "/api/v1/allocations?window=month&aggregate=team",
)
WHOLE = (
    "/?rows=all",
    "/budgets?rows=all",
    "/api/v1/allocations?window=month&aggregate=team,service&step=1d&limit=1000",
)
"""Answers of every row, or of one page of very many: they are printed, and no limit is set to them."""

ANSWERS, READERS = 20, 100
ANSWER_LIMIT, DRAWN_LIMIT, DRILL_LIMIT = 0.1, 1.5, 1.0
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DRAWN = "[...document.querySelectorAll('[data-chart]')].every(place => place.dataset.drawn)"


def serve(ledger: str, teams: int, port: int) -> None:
    """Serve a ledger's pages until the process is ended: from a copy in columns and read ahead, as the daemon does."""
    known = {f"team-{number}": Team(f"team-{number}", budget=Budget(Decimal(300_000))) for number in range(teams)}
    engine = open_engine(ledger)
    mirror = Mirror(engine)
    kept = KeptReports(engine, lambda: None, mirror)
    parts = SiteParts(engine, lambda: known, "Bench", lambda: NOW, lambda: b"", lambda: (), kept=kept, mirror=mirror)
    began = time.perf_counter()
    mirror.follow()
    copied = time.perf_counter()
    Warming(parts).warm()
    print(f"copied in {copied - began:.0f} s, read ahead in {time.perf_counter() - copied:.1f} s", flush=True)
    uvicorn.run(build_site(parts), host="127.0.0.1", port=port, log_level="error")


@contextmanager
def served(*command: str, port: int) -> Iterator[str]:
    """Serve from another process; end it afterwards."""
    process = subprocess.Popen([sys.executable, *command])
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(process, lambda: httpx2.get(f"{address}/healthz").status_code == 200)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def wait_for(process: subprocess.Popen[bytes], answers: Callable[[], bool]) -> None:
    """Wait until the process answers: ten minutes at most, in which a year's ledger is copied."""
    for _ in range(6000):
        try:
            if answers():
                return
        except httpx2.TransportError:
            time.sleep(0.1)
        if process.poll() is not None:
            break
    sys.exit("the server did not start")


def taken(client: httpx2.Client, address: str) -> float:
    """Return the seconds of one answer."""
    began = time.perf_counter()
    answer = client.get(address)
    if answer.status_code != 200:
        sys.exit(f"{address} answered {answer.status_code}")
    return time.perf_counter() - began


def percentile(seconds: list[float]) -> float:
    """Return the time that 95 of 100 answers keep."""
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def one_reader(address: str) -> bool:
    """Ask for every page by itself; return whether those that have a limit keep it."""
    kept = True
    with httpx2.Client(timeout=120) as client:
        for path in (*PATHS, *WHOLE):
            first = taken(client, address + path) * 1000
            seconds = [taken(client, address + path) for _ in range(ANSWERS)]
            late = percentile(seconds)
            kept &= late <= ANSWER_LIMIT or path in WHOLE
            middle = statistics.median(seconds) * 1000
            print(f"{path:76} first {first:5.0f} ms, median {middle:3.0f} ms, 95 % {late * 1000:4.0f} ms", flush=True)
    return kept


def teams_unasked(address: str, teams: int) -> bool:
    """Ask for the pages of teams that nobody has asked for; return whether they keep the limit."""
    numbers = range(0, teams, max(teams // 100, 1))
    with httpx2.Client(timeout=120) as client:
        seconds = [taken(client, f"{address}/teams/team-{number}") for number in numbers]
    late = percentile(seconds)
    middle = statistics.median(seconds) * 1000
    print(
        f"{len(seconds)} teams, the first reader of each: median {middle:.0f} ms, 95 % {late * 1000:.0f} ms", flush=True
    )
    return late <= ANSWER_LIMIT


def many_readers(address: str, teams: int) -> None:
    """Let a hundred ask for the page of a team at once, three times each."""
    paths = [f"{address}/teams/team-{number}" for number in range(min(READERS, teams))] * 3
    with httpx2.Client(timeout=300, limits=httpx2.Limits(max_connections=READERS)) as client:
        began = time.perf_counter()
        with ThreadPoolExecutor(READERS) as pool:
            seconds = list(pool.map(lambda path: taken(client, path), paths))
    rate = len(paths) / (time.perf_counter() - began)
    print(f"{READERS} readers: {rate:.0f} pages of teams a second, 95 % within {percentile(seconds):.2f} s")


def drawn(page: Page, address: str) -> float:
    """Return the seconds until the charts of a page stand."""
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_function(DRAWN)
    return time.perf_counter() - began


def in_a_browser(address: str) -> bool:
    """Open the pages with charts; return whether they are drawn in time."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium is installed: nothing is drawn")
        return True
    kept = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page()
        for path in ("/", "/teams/team-7"):
            drawn(page, address + path)
            seconds = statistics.median(drawn(page, address + path) for _ in range(5))
            kept &= seconds <= DRAWN_LIMIT
            print(f"{path:76} drawn in {seconds:.2f} s", flush=True)
        browser.close()
    return kept


def drill_down(folder: Path, charges: int) -> bool:
    """Run a made-up company and go down to the charges of a day; return whether that keeps the limit."""
    file, program, port = folder / "company" / "attributor.yaml", ("-m", "attributor"), free_port()
    made = ("demo", str(file.parent), "--days", "10", "--charges", str(charges))
    for command in (made, ("run", "-c", str(file))):
        subprocess.run(
            [sys.executable, *program, *command], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    file.write_text(file.read_text().replace(":8080", f":{port}"))
    kept = True
    with (
        served(*program, "serve", "-c", str(file), port=port) as address,
        httpx2.Client(base_url=address, timeout=120) as client,
    ):
        report = client.get("/overview.json").json()
        team = next(line["team"] for line in report["teams"] if line["team"] not in {"unattributed", "idle"})
        day = date.fromisoformat(report["heading"]["whole_until"]) - timedelta(days=1)
        for path in (f"/explain?team={team}&day={day}", f"/explain.json?team={team}&day={day}"):
            first = taken(client, path)
            seconds = [taken(client, path) for _ in range(5)]
            kept &= percentile(seconds) <= DRILL_LIMIT
            print(f"{path:76} first {first:.2f} s, median {statistics.median(seconds):.2f} s", flush=True)
    return kept


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def main() -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in {"teams": 500, "services": 20, "days": 365, "charges": 1_370_000, "port": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--serve")
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve, asked.teams, asked.port)
        return
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as folder:
        ledger, port = f"sqlite:///{Path(folder) / 'ledger.db'}", free_port()
        engine = open_engine(ledger)
        migrate(engine)
        fill(engine, asked.teams, asked.services, asked.days)
        engine.dispose()
        print(f"{asked.teams * asked.services * asked.days:,} rows of the rollup", flush=True)
        command = (__file__, "--serve", ledger, "--teams", str(asked.teams), "--port", str(port))
        with served(*command, port=port) as address:
            kept = teams_unasked(address, asked.teams)
            kept &= one_reader(address)
            many_readers(address, asked.teams)
            kept &= in_a_browser(address)
        kept &= drill_down(Path(folder), asked.charges)
    print("within the limits" if kept else "NOT within the limits")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
