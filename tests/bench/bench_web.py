"""How fast the pages are where the company is large: 500 teams, 20 services each, 12 months.

    python tests/bench/bench_web.py [--teams 500] [--services 20] [--days 365]

Fills a ledger, serves it from another process, and asks for every page: the server's time by one reader, the time until
the charts are drawn in a real Chromium, and a hundred readers at once. Prints them beside the limits: 95 of 100 answers
within 100 ms, charts within 1.5 s. Exits 1 where one is passed.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx2
import uvicorn
from bench_pages import NOW, fill
from playwright.sync_api import Page, sync_playwright

from attributor.ledger.engine import open_engine
from attributor.ledger.schema import migrate
from attributor.web.parts import SiteParts
from attributor.web.site import build_site
from rules.ruleset import Budget, Team

PATHS = (
    "/",
    "/?period=2026-Q3",
    "/?group=service",
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
    "/api/v1/allocations?window=month&aggregate=team,service&step=1d&limit=1000",
)
ANSWERS, READERS = 20, 100
ANSWER_LIMIT, DRAWN_LIMIT = 0.1, 1.5
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DRAWN = "[...document.querySelectorAll('[data-chart]')].every(place => place.dataset.drawn)"


def serve(ledger: str, teams: int, port: int) -> None:
    """Serve the pages of a ledger until the process is ended."""
    known = {f"team-{number}": Team(f"team-{number}", budget=Budget(Decimal(300_000))) for number in range(teams)}
    engine = open_engine(ledger)
    site = build_site(SiteParts(engine, lambda: known, "Bench", lambda: NOW, lambda: b"", lambda: ()))
    uvicorn.run(site, host="127.0.0.1", port=port, log_level="error")


@contextmanager
def served(ledger: str, teams: int) -> Iterator[str]:
    """Serve from another process; end it afterwards."""
    port = 8897
    command = [sys.executable, __file__, "--serve", ledger, "--teams", str(teams), "--port", str(port)]
    process = subprocess.Popen(command)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: httpx2.get(f"{address}/healthz").status_code == 200)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def wait_for(answers: Callable[[], bool]) -> None:
    """Wait half a minute at most."""
    for _ in range(300):
        try:
            if answers():
                return
        except httpx2.TransportError:
            time.sleep(0.1)
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
    """Ask for every page by itself; return whether all keep the limit."""
    kept = True
    with httpx2.Client(timeout=120) as client:
        for path in PATHS:
            taken(client, address + path)
            seconds = [taken(client, address + path) for _ in range(ANSWERS)]
            late = percentile(seconds)
            kept &= late <= ANSWER_LIMIT
            middle = statistics.median(seconds) * 1000
            print(f"{path:76} median {middle:5.0f} ms, 95 % {late * 1000:5.0f} ms", flush=True)
    return kept


def many_readers(address: str) -> None:
    """Let a hundred ask for the page of a team at once, three times each."""
    paths = [f"{address}/teams/team-{number}" for number in range(READERS)] * 3
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


def main() -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in {"teams": 500, "services": 20, "days": 365, "port": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--serve")
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve, asked.teams, asked.port)
        return
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as folder:
        ledger = f"sqlite:///{Path(folder) / 'ledger.db'}"
        engine = open_engine(ledger)
        migrate(engine)
        fill(engine, asked.teams, asked.services, asked.days)
        engine.dispose()
        print(f"{asked.teams * asked.services * asked.days:,} rows of the rollup", flush=True)
        with served(ledger, asked.teams) as address:
            kept = one_reader(address)
            many_readers(address)
            kept &= in_a_browser(address)
    print("within the limits" if kept else "NOT within the limits")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
