"""What no reader can reach goes; what a published day pins stays."""

import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from stored_rows import replace

from attributor.lake.lake import Lake, existing_table
from attributor.lake.maintenance import maintain
from attributor.lake.views import MissingVersionError, Pin, open_view

DAY = date(2026, 11, 19)
MakeUsage = Callable[..., pa.Table]
AT_ONCE = timedelta(0)


def parquet_files(lake: Lake) -> set[Path]:
    return set(Path(lake.uri).rglob("*.parquet")) - set(Path(lake.uri).rglob("_delta_log/*"))


def test_replaced_files_go_unless_their_version_is_kept(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    versions = [replace(lake, "usage", [("a", DAY)], usage("a", DAY, str(number))) for number in range(4)]
    maintain(lake, "usage", {versions[1]}, AT_ONCE)
    for number in (1, 3):
        open_view(lake, connection, "seen", "usage", [Pin("a", DAY, versions[number])])
        assert connection.sql("SELECT quantity FROM seen").fetchall() == [(number,)]
    for number in (0, 2):
        with pytest.raises((MissingVersionError, duckdb.Error)):
            open_view(lake, connection, "gone", "usage", [Pin("a", DAY, versions[number])])
            connection.sql("SELECT quantity FROM gone").fetchall()


def test_files_that_no_commit_names_go_once_they_are_old(
    disk_lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    version = replace(disk_lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    (committed,) = parquet_files(disk_lake)
    fresh, old = committed.with_name("fresh.parquet"), committed.with_name("old.parquet")
    for orphan in (fresh, old):
        orphan.write_bytes(committed.read_bytes())
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    maintain(disk_lake, "usage", {version}, timedelta(hours=1))
    assert parquet_files(disk_lake) == {committed, fresh}
    open_view(disk_lake, connection, "seen", "usage", [Pin("a", DAY, version)])
    assert connection.sql("SELECT count(*) FROM seen").fetchall() == [(1,)]


def test_a_day_is_one_file_so_that_there_is_nothing_to_compact(disk_lake: Lake, usage: MakeUsage) -> None:
    days = [DAY + timedelta(days=number) for number in range(5)]
    batches = [batch for _ in range(20) for day in days for batch in usage("a", day, "1").to_batches()]
    rows = pa.RecordBatchReader.from_batches(disk_lake.schemas["usage"], batches)
    replace(disk_lake, "usage", [("a", day) for day in days], rows)
    assert len(parquet_files(disk_lake)) == len(days)


@pytest.mark.slow
def test_old_versions_stay_readable_over_many_commits(
    disk_lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    pins = []
    for number in range(60):
        day = DAY + timedelta(days=number)
        pins.append(Pin("a", day, replace(disk_lake, "usage", [("a", day)], usage("a", day, str(number)))))
    maintain(disk_lake, "usage", {pin.version for pin in pins}, AT_ONCE)
    open_view(disk_lake, connection, "seen", "usage", pins[::17])
    assert connection.sql("SELECT quantity FROM seen ORDER BY ALL").fetchall() == [(n,) for n in range(0, 60, 17)]


def test_a_table_that_was_never_written_needs_no_maintenance(lake: Lake) -> None:
    maintain(lake, "usage", set(), AT_ONCE)
    assert existing_table(lake, "usage") is None
