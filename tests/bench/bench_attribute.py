"""Attribution of a month of charges by a hundred rules, beside a bare scan of the same files in the same minute.

    python tests/bench/bench_attribute.py [--charges 1000000 10000000]

Days are attributed one after the other exactly as the program does it: charges read from the lake, split exactly,
written to files, held against the charges. Each row of the table is a process of its own. Limits: five times the scan
and 1.5 GiB for ten million charges; one day of thirty in 1 s; a thousand charges in 0.5 s. Exits 1 where one is passed.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from big_bill import DAYS, FIRST, Size, days, rules_text, write_bill, write_usage

from attributor.attributing.beside import work_beside
from attributor.attributing.days import DayReading
from attributor.attributing.inputs import Inputs
from attributor.ingest.staging import SCHEMAS
from attributor.lake.duck import connect
from attributor.lake.lake import Lake, existing_table
from attributor.ledger.collected import CollectedDay
from attributor.periods import month_of
from collectors.base import Window
from rules.load import load
from rules.located import read_yaml
from rules.ruleset import RuleSet
from rules.schema import ALLOCATIONS

RATIO, DAY, FEW, MEMORY = 5.0, 1.0, 0.5, 1.5 * 2**30
SMALL, LARGE = 1_000, 10_000_000
_MEMORY_LIMIT = "768MiB"


@dataclass(frozen=True)
class Cost:
    """What a piece of work took in its own process; `peak` in bytes."""

    wall: float
    cpu: float
    peak: int
    rows: int


def opened_lake(folder: Path) -> Lake:
    """Open the lake as the program does."""
    return Lake(str(folder), {}, {**SCHEMAS, "allocations": ALLOCATIONS}, known={}, opened={})


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the engine as the program does."""
    with tempfile.TemporaryDirectory() as folder, connect(_MEMORY_LIMIT, os.cpu_count() or 1, Path(folder)) as opened:
        yield opened


def rules() -> RuleSet:
    """Return the hundred rules."""
    root, problems = read_yaml(rules_text(), "rules.yaml")
    if root is None or problems:
        raise AssertionError(problems)
    loaded = load(root, Path())
    if any(problem.severity == "error" for problem in loaded.problems):
        raise AssertionError(loaded.problems)
    return loaded.ruleset


def inputs(lake: Lake) -> Inputs:
    """Return what is collected: every day at the newest version."""
    versions = {}
    for table in ("charges", "usage"):
        opened = existing_table(lake, table)
        if opened is None:
            raise AssertionError(f"no {table}")
        versions[table] = CollectedDay(opened.version(), "", 1)
    start = datetime.combine(FIRST, datetime.min.time(), UTC)
    return Inputs(
        {(source, day): versions["charges"] for source in ("aws", "gcp") for day in days()},
        {("metrics", day): versions["usage"] for day in days()},
        {"metrics": (Window(start, start + timedelta(days=len(days()))),)},
    )


def make(folder: Path, charges: int) -> int:
    """Write the bill; return its rows."""
    with engine() as connection:
        write_bill(opened_lake(folder), connection, Size(charges))
        write_usage(opened_lake(folder), connection)
    return charges


def attribute(folder: Path, wanted: Sequence[date], ruleset: RuleSet) -> int:
    """Attribute days; return how many allocations were written."""
    lake = opened_lake(folder)
    with engine() as connection:
        reading = DayReading(lake, connection, ruleset, inputs(lake))
        done = list(work_beside(os.cpu_count() or 1, reading, month_of(FIRST), wanted))
    return sum(file.rows for day in done for file in day.files)


def scan(folder: Path) -> int:
    """Sum the cost columns by all few-valued columns that rules and reports look at, and read the many-valued ones."""
    files = [str(path) for path in (folder / "charges").rglob("*.parquet")]
    tags = ", ".join(f"Tags['{key}']" for key in ("team", "project", "environment", "cluster", "model"))
    with engine() as connection:
        found = connection.sql(
            "SELECT ServiceName, ProviderName, ServiceProviderName, BillingAccountId, SubAccountId, ChargeCategory,"
            f" RegionId, BillingCurrency, BillingPeriodStart, x_Basis, {tags}, sum(BilledCost), sum(EffectiveCost),"
            " sum(ListCost), max(ResourceName), max(ResourceId), min(ChargePeriodStart), max(ChargePeriodEnd)"
            " FROM read_parquet(?, hive_partitioning = false, union_by_name = true) GROUP BY ALL",
            params=[files],
        ).to_arrow_table()
    return int(found.num_rows)


def timed(*arguments: str) -> Cost:
    """Run a piece of work as a process of its own."""
    found = subprocess.run(
        [sys.executable, __file__, "--child", *arguments], check=True, capture_output=True, text=True
    )
    return Cost(**json.loads(found.stdout.splitlines()[-1]))


def child(kind: str, folder: Path, count: int) -> None:
    """Do the work and print what it took, imports and rules included in the peak but not in the time."""
    ruleset = rules()
    began, cpu = time.perf_counter(), time.process_time()
    if kind == "make":
        rows = make(folder, count)
    elif kind == "scan":
        rows = scan(folder)
    else:
        rows = attribute(folder, days()[:count], ruleset)
    used = resource.getrusage(resource.RUSAGE_SELF)
    taken = Cost(time.perf_counter() - began, time.process_time() - cpu, used.ru_maxrss * 1024, rows)
    print(json.dumps(taken.__dict__))


@dataclass(frozen=True)
class Line:
    """One line of the table; `limit` in seconds, or None where there is none."""

    name: str
    cost: Cost
    scan: float | None = None
    limit: float | None = None


def measured(folder: Path, charges: int) -> Iterator[Line]:
    """Write a bill of so many charges and yield what it takes to attribute it; the folder is emptied afterwards."""
    timed("make", str(folder), str(charges))
    scans = [timed("scan", str(folder), "0") for _ in range(2)]
    every = timed("attribute", str(folder), str(DAYS))
    one = timed("attribute", str(folder), "1")
    scans.append(timed("scan", str(folder), "0"))
    shutil.rmtree(folder)
    scan = min(scans, key=lambda cost: cost.wall)
    yield Line(f"{charges:,} charges: bare scan and GROUP BY", scan)
    limit = RATIO * scan.wall if charges >= LARGE else None
    yield Line(f"{charges:,} charges: attribute, write, verify", every, scan.wall, limit)
    yield Line(f"{charges:,} charges: one day of {DAYS} again", one, None, DAY)


def few(folder: Path) -> Line:
    """Attribute the single day of a thousand charges."""
    timed("make", str(folder), str(SMALL * DAYS))
    cost = timed("attribute", str(folder), "1")
    shutil.rmtree(folder)
    return Line(f"{SMALL:,} charges in one day", cost, None, FEW)


def within(line: Line) -> bool:
    """Say whether a line is within its limits."""
    return (line.limit is None or line.cost.wall <= line.limit) and line.cost.peak <= MEMORY


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--charges", type=int, nargs="*", default=[1_000_000, 10_000_000])
    chosen = parser.parse_args()
    print(f"{'':48}{'rows':>10}{'wall s':>8}{'cpu s':>8}{'peak MiB':>9}{'x scan':>7}{'limit s':>8}")
    good = True
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as temporary:
        folder = Path(temporary) / "lake"
        for lines in ([few(folder)], *(measured(folder, charges) for charges in chosen.charges)):
            for line in lines:
                cost, good = line.cost, good and within(line)
                ratio = f"{cost.wall / line.scan:7.1f}" if line.scan else " " * 7
                limit = f"{line.limit:8.2f}" if line.limit else " " * 8
                shown = f"{cost.rows:10,}{cost.wall:8.2f}{cost.cpu:8.2f}{cost.peak / 2**20:9.0f}"
                print(f"{line.name:48}{shown}{ratio}{limit}", flush=True)
    print("within the limits" if good else "OVER THE LIMITS")
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(main())
