"""Rows as files of their days, brought in and committed: exactly the named days are replaced, on disk and on S3."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import duckdb
import pyarrow as pa
import pytest
from stored_rows import NOW, replace

from attributor.lake.commits import commit_days
from attributor.lake.lake import Lake, existing_table
from attributor.lake.views import Pin, open_view
from collectors.schema import USAGE

DAY = date(2026, 11, 19)
NEXT = DAY + timedelta(days=1)
MakeUsage = Callable[..., pa.Table]


def quantities(lake: Lake, connection: duckdb.DuckDBPyConnection, *pins: Pin) -> list[Decimal]:
    open_view(lake, connection, "usage", "usage", pins)
    return [row[0] for row in connection.sql("SELECT quantity FROM usage ORDER BY quantity").fetchall()]


def newest(lake: Lake) -> int:
    table = existing_table(lake, "usage")
    assert table is not None
    return table.version()


def test_the_first_replacement_creates_the_table(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    assert existing_table(lake, "usage") is None
    version = replace(lake, "usage", [("gpus", DAY)], usage("gpus", DAY, "1", "2"))
    assert quantities(lake, connection, Pin("gpus", DAY, version)) == [1, 2]


def test_only_the_named_days_of_the_named_sources_are_replaced(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    first = pa.concat_tables([usage("a", DAY, "1"), usage("a", NEXT, "2"), usage("b", DAY, "3")])
    replace(lake, "usage", [("a", DAY), ("a", NEXT), ("b", DAY)], first)
    version = replace(lake, "usage", [("a", DAY)], usage("a", DAY, "10"))
    everything = [Pin("a", DAY, version), Pin("a", NEXT, version), Pin("b", DAY, version)]
    assert quantities(lake, connection, *everything) == [2, 3, 10]


def test_a_day_without_rows_becomes_empty(lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage) -> None:
    before = replace(lake, "usage", [("a", DAY), ("a", NEXT)], usage("a", DAY, "1"))
    after = replace(lake, "usage", [("a", DAY), ("a", NEXT)], USAGE.empty_table())
    assert quantities(lake, connection, Pin("a", DAY, before), Pin("a", NEXT, before)) == [1]
    assert quantities(lake, connection, Pin("a", DAY, after), Pin("a", NEXT, after)) == []


def test_a_row_outside_the_named_days_is_refused_and_nothing_changes(disk_lake: Lake, usage: MakeUsage) -> None:
    version = replace(disk_lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    rows = pa.concat_tables([usage("a", DAY, "2"), usage("a", NEXT, "3")])
    with pytest.raises(ValueError, match="is not of a day that is replaced"):
        replace(disk_lake, "usage", [("a", DAY)], rows)
    assert newest(disk_lake) == version


def test_rows_that_break_off_in_the_middle_change_nothing(disk_lake: Lake, usage: MakeUsage) -> None:
    version = replace(disk_lake, "usage", [("a", DAY)], usage("a", DAY, "1"))

    def broken() -> Iterator[pa.RecordBatch]:
        yield from usage("a", DAY, "2").to_batches()
        raise RuntimeError("power cut")

    with pytest.raises(Exception, match="power cut"):
        replace(disk_lake, "usage", [("a", DAY)], pa.RecordBatchReader.from_batches(USAGE, broken()))
    assert newest(disk_lake) == version


def test_a_missing_value_where_one_is_required_is_refused(disk_lake: Lake, usage: MakeUsage) -> None:
    rows = usage("a", DAY, "1")
    broken = rows.set_column(rows.column_names.index("metric"), "metric", pa.array([None], pa.string()))
    with pytest.raises(Exception, match="metric"):
        replace(disk_lake, "usage", [("a", DAY)], broken)


@pytest.mark.parametrize("source", ["A.b-C_9", "..", "-", "x_Day=2026-01-01".replace("=", ".")])
def test_a_source_may_be_called_anything_that_a_name_allows(
    disk_lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage, source: str
) -> None:
    version = replace(disk_lake, "usage", [(source, DAY)], usage(source, DAY, "1"))
    open_view(disk_lake, connection, "usage", "usage", [Pin(source, DAY, version)])
    assert connection.sql("SELECT x_Source, x_Day FROM usage").fetchall() == [(source, DAY)]


@pytest.mark.parametrize("source", ["", "a'b", "a/b", "a b", "a\n", "ä"])
def test_a_source_with_another_character_is_refused(disk_lake: Lake, source: str) -> None:
    with pytest.raises(ValueError, match="is no source name"):
        replace(disk_lake, "usage", [(source, DAY)], USAGE.empty_table())


def test_replacing_no_day_is_a_mistake(disk_lake: Lake) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        commit_days(disk_lake, "usage", "a", [], (), NOW)


@pytest.mark.slow
def test_writers_of_different_days_do_not_disturb_each_other(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    writers, times = 3, 4
    together = Barrier(writers)

    def write(number: int) -> list[tuple[Pin, int]]:
        day = DAY + timedelta(days=number)
        together.wait()
        amounts = [100 * number + time for time in range(times)]
        return [
            (Pin("a", day, replace(lake, "usage", [("a", day)], usage("a", day, str(amount)))), amount)
            for amount in amounts
        ]

    with ThreadPoolExecutor(writers) as pool:
        written = [one for found in pool.map(write, range(writers)) for one in found]
    assert len({pin.version for pin, _ in written}) == writers * times
    for pin, amount in written:
        assert quantities(lake, connection, pin) == [amount]


@pytest.mark.slow
def test_writers_of_the_same_day_come_one_after_the_other_and_each_version_is_its_own(
    disk_lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    writers, times = 3, 4
    replace(disk_lake, "usage", [("a", DAY)], usage("a", DAY, "999"))
    together = Barrier(writers)

    def write(number: int) -> list[tuple[int, int]]:
        together.wait()
        amounts = [100 * number + time for time in range(times)]
        return [(replace(disk_lake, "usage", [("a", DAY)], usage("a", DAY, str(amount))), amount) for amount in amounts]

    with ThreadPoolExecutor(writers) as pool:
        written = [one for found in pool.map(write, range(writers)) for one in found]
    for version, amount in written:
        assert quantities(disk_lake, connection, Pin("a", DAY, version)) == [amount]


def test_secrets_do_not_show_in_the_lakes_text() -> None:
    assert "geheim" not in repr(Lake("s3://bucket", {"aws_secret_access_key": "geheim"}, {"usage": USAGE}))
