"""Reading a FOCUS export in Parquet into the lake, beside DuckDB's own copy of its columns in the same minute.

    python tests/bench/bench_read.py [--charges 1000000]

The reading is what `run` does with a source: every value checked, rows parted into days, control sums taken twice,
files written, committed and recorded. DuckDB reads the same columns and writes them to one Parquet file, snappy as the
lake's are. Each line is a process of its own, without imports and the making of a ledger; the best of three, in turn.
Limits: three times the copy by the clock, and 1 GiB. Exits 1 where one is passed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from big_bill import Size, focus_rows

from attributor.ingest.ingest import Stores, ingest
from attributor.ingest.progress import Silent
from attributor.ingest.staging import SCHEMAS
from attributor.lake.duck import open_duckdb
from attributor.lake.lake import Lake
from attributor.ledger.engine import open_engine
from attributor.ledger.lease import acquire
from attributor.ledger.schema import migrate
from collectors.base import SourceSettings
from collectors.bills.focus import TYPE

RATIO, MEMORY, TRIES = 3.0, 2**30, 3
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cost:
    """What a piece of work took in its own process; `peak` in bytes, `size` of what it wrote."""

    wall: float
    cpu: float
    peak: int
    rows: int
    size: int


def make(folder: Path, charges: int) -> int:
    """Write the export: a file for every 250,000 charges, in the order of days as exports are."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        target = str(folder / "export")
        query = focus_rows(connection, Size(charges))
        connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, FILE_SIZE_BYTES '64MB')")
    return charges


def copy(folder: Path) -> int:
    """Copy the export's columns by DuckDB alone."""
    with duckdb.connect(config={"threads": os.cpu_count() or 1}) as connection:
        query = f"COPY (SELECT * FROM read_parquet('{folder}/export/*.parquet')) TO '{folder}/copy.parquet'"
        found = connection.execute(f"{query} (FORMAT parquet, COMPRESSION snappy)").fetchone()
    return int(found[0]) if found else 0


def read(folder: Path, export: str = "export/*.parquet") -> tuple[float, float, int]:
    """Read the export into a new lake; return when it began, by the clock and in CPU seconds, and the rows."""
    now = datetime.now(UTC)
    clock = lambda: now  # noqa: E731 - a clock that stands
    collector = TYPE.build(SourceSettings(name="bill", options={"path": export}, folder=folder, clock=clock))
    engine = open_engine(f"sqlite:///{folder}/ledger.db")
    migrate(engine)
    lease = acquire(engine, "bench", "bench", now, _DAY)
    assert lease is not None
    lake = Lake(str(folder / "lake"), {}, dict(SCHEMAS), known={}, opened={})
    with open_duckdb(os.cpu_count() or 1) as connection:
        began, cpu = time.perf_counter(), time.process_time()
        found = ingest(collector, Stores(lake, engine, lease, connection), now, Silent())
    engine.dispose()
    return began, cpu, found.rows


def written(folder: Path) -> int:
    """Return the bytes of what was written."""
    files = [*(folder / "lake").rglob("*.parquet"), *folder.glob("copy.parquet")]
    return sum(path.stat().st_size for path in files)


def child(kind: str, folder: Path, charges: int) -> None:
    """Do the work and print what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    if kind == "read":
        began, cpu, rows = read(folder)
    else:
        rows = make(folder, charges) if kind == "make" else copy(folder)
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(Cost(wall, used, peak, rows, written(folder)).__dict__))


def timed(kind: str, folder: Path, charges: int = 0) -> Cost:
    """Run a piece of work as a process of its own."""
    command = [sys.executable, __file__, "--child", kind, str(folder), str(charges)]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Cost(**json.loads(found.stdout.splitlines()[-1]))


def tried(kind: str, bill: Path) -> Cost:
    """Do the work in a folder of its own beside the export."""
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as temporary:
        folder = Path(temporary)
        (folder / "export").symlink_to(bill / "export")
        return timed(kind, folder)


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--charges", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as temporary:
        bill = Path(temporary)
        timed("make", bill, chosen.charges)
        pairs = [(tried("copy", bill), tried("read", bill)) for _ in range(TRIES)]
    copied, taken = (min((pair[side] for pair in pairs), key=lambda cost: cost.wall) for side in (0, 1))
    print(f"{'':44}{'rows':>10}{'wall s':>8}{'cpu s':>8}{'peak MiB':>9}{'MiB':>7}{'x copy':>8}{'cpu x':>7}")
    for name, cost in (("DuckDB: Parquet to Parquet", copied), ("read FOCUS Parquet into the lake", taken)):
        shown = f"{cost.rows:10,}{cost.wall:8.2f}{cost.cpu:8.2f}{cost.peak / 2**20:9.0f}{cost.size / 2**20:7.0f}"
        print(f"{name:44}{shown}{cost.wall / copied.wall:8.1f}{cost.cpu / copied.cpu:7.1f}")
    good = taken.rows == copied.rows and taken.wall <= RATIO * copied.wall and taken.peak <= MEMORY
    print("within the limits" if good else f"OVER THE LIMITS ({RATIO:.0f} x the copy, {MEMORY // 2**20} MiB)")
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(main())
