"""One `attributor run` on a made-up company, beside a bare scan of the same charges in the same minute.

    python tests/bench/bench_run.py [--charges 1000000]

Prints wall and CPU seconds, peak memory and the ratio to a bare DuckDB scan and GROUP BY of the stored charges, of the
bills as the demo writes them (mostly CSV) and of the same bills as Parquet. Limits: 30 s and 1.5 GiB for a million
charges on two cores; exits 1 where one is passed. The bar to reach is 30 times the scan; it says where that is missed.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

WALL_LIMIT = 30.0
BAR = 30.0
"""Times the bare scan."""
MEMORY_LIMIT = 1.5 * 2**30
_INSTALLED = """
import sys

class NotThere:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NotThere())
from attributor.__main__ import main
main()
"""
"""pyarrow loads pandas where it finds it, for half a second; it is there for tests, and no part of an installation."""


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    wall: float
    cpu: float
    peak: int


def timed(*arguments: str) -> Cost:
    """Run a command of ours as its own process; `peak` is its largest resident size in bytes."""
    measured = [sys.executable, __file__, "--child", *arguments]
    began = time.perf_counter()
    found = subprocess.run(measured, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - began
    cpu, peak = found.stdout.splitlines()[-1].split()
    return Cost(wall, float(cpu), int(peak))


def child(arguments: list[str]) -> None:
    """Run the command below this process, as where it is installed, and print the CPU seconds and peak bytes of it."""
    command = [sys.executable, "-c", _INSTALLED, *arguments]
    kept = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    found = subprocess.run(command, check=False, stdout=sys.stderr, env=kept)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
    sys.exit(0 if found.returncode in {0, 1} else found.returncode)


def bare_scan(lake: Path) -> float:
    """Sum the three cost columns by the columns that rules match on, straight from the stored files."""
    files = [str(path) for path in (lake / "charges").rglob("*.parquet")]
    connection = duckdb.connect(config={"threads": 2})
    query = """SELECT ServiceName, SubAccountId, Tags['team'], sum(BilledCost), sum(EffectiveCost), sum(ListCost)
               FROM read_parquet(?, union_by_name = true) GROUP BY ALL"""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        connection.execute(query, [files]).fetchall()
        best = min(best, time.perf_counter() - began)
    return best


def as_parquet(company: Path, into: Path) -> str:
    """Copy the company with every bill as typed Parquet; return its configuration."""
    shutil.copytree(company, into, ignore=shutil.ignore_patterns("data", "later"))
    for path in [*(into / "bills").rglob("*.csv"), *(into / "bills").rglob("*.csv.gz")]:
        names = pyarrow.csv.open_csv(path).schema.names
        options = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
        rows = pyarrow.csv.read_csv(path, convert_options=options)
        columns = {name: _typed(name, rows.column(name)) for name in names}
        pq.write_table(pa.table(columns), path.with_name(f"{path.name.partition('.csv')[0]}.parquet"))
        path.unlink()
    config = into / "attributor.yaml"
    bills = re.sub(r"(bills/[a-z]+/)\*\.csv(\.gz)?", r"\1*.parquet", config.read_text())
    config.write_text(bills)
    return str(config)


def _typed(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if name.endswith(("Cost", "Quantity", "UnitPrice")):
        return column.cast(pa.decimal128(38, 12))
    if name.endswith(("PeriodStart", "PeriodEnd")):
        local = pc.replace_substring_regex(column, r"( ?UTC|Z|\+00:00)$", "").cast(pa.timestamp("us"))
        return pc.assume_timezone(local, "UTC")
    return column


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--charges", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="attributor-bench-"))
    try:
        demo = ["demo", str(folder / "company"), "--charges", str(chosen.charges), "--days", str(chosen.days)]
        timed("run", "--help")  # once, so that bytecode is there
        written = timed(*demo)
        config = str(folder / "company" / "attributor.yaml")
        first = timed("-c", config, "run")
        again = timed("-c", config, "run")
        scan = bare_scan(folder / "company" / "data" / "lake")
        columnar = timed("-c", as_parquet(folder / "company", folder / "parquet"), "run")
    finally:
        shutil.rmtree(folder)
    print(f"{'':34}{'wall s':>9}{'cpu s':>9}{'peak MiB':>10}{'x bare scan':>13}{'limit':>18}")
    for name, cost, limit in (
        (f"write {chosen.charges:,} demo charges", written, ""),
        ("run: read, store, attribute, post", first, "30 s, 1536 MiB"),
        ("run again, nothing new", again, ""),
        ("run on the same bills as Parquet", columnar, "30 s, 1536 MiB"),
    ):
        ratio = cost.wall / scan
        print(f"{name:34}{cost.wall:9.2f}{cost.cpu:9.2f}{cost.peak / 2**20:10.0f}{ratio:13.1f}{limit:>18}")
    print(f"{'bare DuckDB scan and GROUP BY':34}{scan:9.2f}")
    missed = [name for name, cost in (("demo", first), ("Parquet", columnar)) if cost.wall > BAR * scan]
    if missed:
        print(f"the bar of {BAR:.0f} x the bare scan is missed: {', '.join(missed)}")
    within = all(cost.wall <= WALL_LIMIT and cost.peak <= MEMORY_LIMIT for cost in (first, columnar))
    print("within the limits" if within else "OVER THE LIMITS")
    return 0 if within else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2:])
    sys.exit(main())
