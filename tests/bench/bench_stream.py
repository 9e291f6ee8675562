"""A FOCUS export of several gigabytes, one CSV file, streams into the lake: memory does not grow with it.

    python tests/bench/bench_stream.py [--gigabytes 5]

The reading is what `run` does with a source, in a process of its own. Days stand in the file one after the other, as in
exports; each is made once and repeated until the file is large enough. Limit: 1 GiB. Exits 1 where it is passed.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from bench_read import read
from big_bill import DAYS, Size, days, focus_rows

MEMORY = 2**30
_CHARGES = 100_000
_REPEATS = 20


def make(folder: Path, size: int) -> int:
    """Write the export, of at least so many bytes, with descriptions as long as providers'; return its bytes."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        described = f"repeat(ResourceId || ' in ' || ServiceName || '; ', {_REPEATS}) AS ChargeDescription"
        written = f"SELECT * REPLACE (to_json(Tags) AS Tags, {described}) FROM"
        connection.execute(f"CREATE TEMP TABLE charges AS {written} ({focus_rows(connection, Size(_CHARGES))})")
        header = ",".join(name for name, *_ in connection.execute("DESCRIBE charges").fetchall())
        with (folder / "bill.csv").open("wb") as bill:
            bill.write(f"{header}\n".encode())
            for day in days():
                rows = f"SELECT * FROM charges WHERE ChargePeriodStart::DATE = DATE '{day}'"
                form = "(HEADER false, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%SZ')"
                connection.execute(f"COPY ({rows}) TO '{folder}/day.csv' {form}")
                lines = (folder / "day.csv").read_bytes()
                for _ in range(-(-size // (DAYS * len(lines)))):
                    bill.write(lines)
    return (folder / "bill.csv").stat().st_size


def child(folder: Path) -> None:
    """Read the export and print what it took."""
    began, cpu, rows = read(folder, "bill.csv")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps({"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu, "peak": peak, "rows": rows})
    )


def main() -> int:
    """Print the line; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as temporary:
        size = make(Path(temporary), int(chosen.gigabytes * 10**9))
        command = [sys.executable, __file__, "--child", temporary]
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    took = json.loads(found.stdout.splitlines()[-1])
    print(f"{'':34}{'rows':>12}{'GB':>7}{'wall s':>9}{'cpu s':>8}{'peak MiB':>9}")
    shown = f"{took['rows']:12,}{size / 10**9:7.2f}{took['wall']:9.1f}{took['cpu']:8.1f}{took['peak'] / 2**20:9.0f}"
    print(f"{'read one FOCUS CSV into the lake':34}{shown}")
    print("within the limits" if took["peak"] <= MEMORY else f"OVER THE LIMITS ({MEMORY // 2**20} MiB)")
    return 0 if took["peak"] <= MEMORY else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]))
    else:
        sys.exit(main())
