"""A large bill is streamed: memory does not grow with it."""

import subprocess
import sys
from pathlib import Path

import pytest

HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ResourceId,ChargeDescription,Tags"
READ = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from collectors.base import SourceSettings
from collectors.bills.focus import TYPE
collector = TYPE.build(SourceSettings("s", {"path": sys.argv[1]}, Path("."), lambda: datetime.now(UTC)))
rows = sum(batch.num_rows for batch in collector.collect(None))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def write_bill(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for row in range(rows):
            times = f"2026-11-{row % 28 + 1:02}T00:00:00Z,2026-12-01T00:00:00Z"
            file.write(f'0.{row:011},USD,{times},i-{row:020x},{"about this charge " * 10},"{{""team"":""t{row}""}}"\n')


def peak_megabytes(path: Path, rows: int) -> int:
    command = [sys.executable, "-c", READ, str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.split()
    assert int(answer[0]) == rows
    return int(answer[1])


@pytest.mark.slow
def test_ten_times_the_bill_takes_no_more_memory(tmp_path: Path) -> None:
    write_bill(tmp_path / "small.csv", 20_000)
    write_bill(tmp_path / "large.csv", 200_000)
    small = peak_megabytes(tmp_path / "small.csv", 20_000)
    large = peak_megabytes(tmp_path / "large.csv", 200_000)
    assert large < small + 60, f"{small} MB for a tenth of it, {large} MB for the whole"
