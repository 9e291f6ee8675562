"""How much sooner a month is attributed by two workers of a Dask cluster than by one, one DuckDB thread each.

    python tests/bench/bench_cluster.py [--charges 300000] [--days 30] [--rounds 2]

Writes a made-up company, collects it once, and attributes and publishes all its days by one and by two workers, and in
this process with one thread, all on this machine with the lake on its disk (an S3 server here would take the workers'
processors). The best round counts. Says besides what the busiest worker computed, which other work on the machine
disturbs less than the clock. Exits 1 where the ledgers that come out differ.
"""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil
from distributed import Client

from attributor.app.cluster import dask_work
from attributor.app.wiring import open_app, works
from attributor.attributing.beside import work_beside
from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan
from attributor.ingest.progress import Silent
from attributor.jobs.attribution import attribute_outdated
from attributor.jobs.cycle import Works, collect
from attributor.lake.duck import open_duckdb
from attributor.ledger.dump import canonical_dump
from attributor.ledger.lease import acquire

NOW = datetime(2026, 11, 12, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Round:
    """Seconds by the clock, seconds of processor by worker, and the ledger that came out."""

    wall: float
    cpu: tuple[float, ...]
    ledger: str


@contextmanager
def at_work(folder: Path) -> Iterator[Works]:
    """Open the company to collect and attribute with one thread."""
    with open_app(folder / "attributor.yaml", lambda: NOW) as app, open_duckdb(threads=1) as connection:
        lease = acquire(app.engine, "leader", "bench:1:1", NOW, timedelta(hours=1))
        if lease is None:
            sys.exit("the ledger is not free")
        yield works(app, lease, connection)


@contextmanager
def dask(folder: Path, workers: int) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Start a scheduler and workers that have imported what they need; yield its address and them."""
    started: list[subprocess.Popen[bytes]] = []
    where = folder / f"scheduler-{workers}.json"
    where.unlink(missing_ok=True)

    def start(*command: str) -> None:
        with (folder / "dask.log").open("ab") as log:
            every = [sys.executable, "-m", *command, "--host", "127.0.0.1", "--no-dashboard"]
            started.append(subprocess.Popen(every, stdout=log, stderr=log))

    try:
        start("distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(where))
        while not (where.exists() and where.read_text().endswith("}")):
            time.sleep(0.05)
        address = str(json.loads(where.read_text())["address"])
        for _ in range(workers):
            one = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
            start("distributed.cli.dask_worker", address, *one)
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
            client.run(importlib.import_module, "attributor.attributing.pieces")  # as in a worker that has been there
        yield address, [psutil.Process(process.pid) for process in started[1:]]
    finally:
        for process in started:
            process.kill()
            process.wait()


def used(processes: list[psutil.Process]) -> list[float]:
    """Return the seconds of processor that each process has used."""
    return [sum(process.cpu_times()[:2]) for process in processes]


def attributed(collected: Path, workers: int) -> Round:
    """Attribute all days of a copy by so many workers, 0 for this process; only that is timed."""
    folder = Path(shutil.copytree(collected, collected.parent / f"by-{workers}"))
    try:
        with dask(collected.parent, workers) if workers else nullcontext(("", [])) as (address, processes):
            with (
                at_work(folder) as found,
                dask_work(address) if workers else nullcontext(partial(work_beside, 1)) as work,
            ):
                mine = processes or [psutil.Process()]
                before, began = used(mine), time.perf_counter()
                attribute_outdated(replace(found, day_work=lambda: nullcontext(work)), Silent())
                wall, after = time.perf_counter() - began, used(mine)
                said = canonical_dump(found.engine).replace(str(folder), "")
            return Round(wall, tuple(late - early for late, early in zip(after, before, strict=True)), said)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Write, collect, attribute, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in {"charges": 300_000, "days": 30, "rounds": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    asked = parser.parse_args()
    rounds: dict[int, list[Round]] = {0: [], 1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as folder:
        collected = Path(folder) / "company"
        write_company(collected, DemoPlan(days=asked.days, charges=asked.charges, seed=1, now=NOW))
        with open_app(collected / "attributor.yaml", lambda: NOW) as app:
            sources = app.collectors
        with at_work(collected) as found:
            collect(found, sources, lambda _: Silent())
        print(f"{asked.charges:,} charges, {asked.days} days, load average {os.getloadavg()[0]:.1f} at the beginning")
        for _ in range(asked.rounds):
            for workers, done in rounds.items():
                done.append(attributed(collected, workers))
    show(rounds)
    sys.exit(0 if len({one.ledger for done in rounds.values() for one in done}) == 1 else 1)


def show(rounds: Mapping[int, Sequence[Round]]) -> None:
    """Print the best round of each and the ratios."""
    best = {workers: min(done, key=lambda one: one.wall) for workers, done in rounds.items()}
    print(f"{'':24}{'wall s':>8}  processor s of each")
    for workers, one in best.items():
        name = f"{workers} worker{'s' if workers > 1 else ''}" if workers else "this process, 1 thread"
        print(f"{name:24}{one.wall:8.1f}  {', '.join(f'{seconds:.1f}' for seconds in one.cpu)}")
    print(f"speed-up from one to two workers: {best[1].wall / best[2].wall:.2f} by the clock")
    print(f"the busiest of two computes 1/{max(best[1].cpu) / max(best[2].cpu):.2f} of what the one does")
    print(f"load average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
