"""Files that anybody may write and one commit makes a day of: on disk and on an S3 server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace as changed
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from stored_rows import replace

from attributor.lake import commits
from attributor.lake.commits import commit_day
from attributor.lake.day_files import DayFile, MiswrittenFileError, write_day
from attributor.lake.lake import Lake, existing_table
from attributor.lake.maintenance import maintain
from attributor.lake.views import Pin, open_view
from collectors.schema import USAGE

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MakeUsage = Callable[..., pa.Table]
Connection = duckdb.DuckDBPyConnection


def written(lake: Lake, connection: Connection, day: date, *rows: pa.Table) -> tuple[DayFile, ...]:
    connection.register("rows", pa.concat_tables(rows))
    return write_day(lake, connection, "usage", "rows", day)


def quantities(lake: Lake, connection: Connection, *pins: Pin) -> list[int]:
    open_view(lake, connection, "seen", "usage", pins)
    return [int(row[0]) for row in connection.sql("SELECT quantity FROM seen ORDER BY ALL").fetchall()]


def test_a_commit_replaces_its_sources_day_and_nothing_else(lake: Lake, connection, usage: MakeUsage) -> None:
    first = commit_day(
        lake, "usage", DAY, written(lake, connection, DAY, usage("a", DAY, "1", "2"), usage("b", DAY, "3")), NOW
    )
    other = commit_day(lake, "usage", NEXT, written(lake, connection, NEXT, usage("a", NEXT, "4")), NOW)
    again = commit_day(lake, "usage", DAY, written(lake, connection, DAY, usage("a", DAY, "5")), NOW)
    assert (other, again) == (first + 1, first + 2)
    everything = [Pin("a", DAY, again), Pin("b", DAY, again), Pin("a", NEXT, again)]
    assert quantities(lake, connection, *everything) == [3, 4, 5]
    assert quantities(lake, connection, Pin("a", DAY, first), Pin("b", DAY, first)) == [1, 2, 3]


def test_other_engines_read_the_table_as_it_is(lake: Lake, connection, usage: MakeUsage) -> None:
    rows = usage("a", DAY, "0.333333333333", "1e9")
    commit_day(lake, "usage", DAY, written(lake, connection, DAY, rows), NOW)
    table = existing_table(lake, "usage")
    assert table is not None
    found = pa.table(table.to_pyarrow_table()).select(USAGE.names).cast(USAGE)
    assert found.sort_by("quantity").equals(rows)


def test_what_is_written_has_the_tables_types_and_the_rows_order(disk_lake: Lake, connection, usage: MakeUsage) -> None:
    (file,) = written(disk_lake, connection, DAY, usage("a", DAY, "3", "1", "2"))
    path = Path(disk_lake.uri) / "usage" / file.path
    found = pq.read_table(path, partitioning=None)
    assert found.schema.field("quantity").type == pa.decimal128(38, 12)
    assert [int(value) for value in found.column("quantity").to_pylist()] == [3, 1, 2]
    assert (file.source, file.day, file.size, file.rows) == ("a", DAY, path.stat().st_size, 3)


def test_a_row_of_another_day_is_refused(disk_lake: Lake, connection, usage: MakeUsage) -> None:
    with pytest.raises(MiswrittenFileError, match="1 of 2 rows of a"):
        written(disk_lake, connection, DAY, usage("a", DAY, "1"), usage("a", NEXT, "2"))


def test_a_missing_value_where_one_is_required_is_refused(disk_lake: Lake, connection, usage: MakeUsage) -> None:
    rows = usage("a", DAY, "1", "2")
    broken = rows.set_column(rows.column_names.index("metric"), "metric", pa.array([None, "x"], pa.string()))
    with pytest.raises(MiswrittenFileError, match=r"metric in .* lacks values"):
        written(disk_lake, connection, DAY, broken)


def test_a_column_of_another_type_is_refused(disk_lake: Lake, connection, usage: MakeUsage) -> None:
    connection.register("rows", usage("a", DAY, "1"))
    connection.execute("CREATE VIEW bare AS SELECT * REPLACE (quantity::DOUBLE AS quantity) FROM rows")
    with pytest.raises(MiswrittenFileError, match=r"quantity in .* is double"):
        write_day(disk_lake, connection, "usage", "bare", DAY)


def test_a_file_that_nobody_commits_is_never_seen_and_is_swept(lake: Lake, connection, usage: MakeUsage) -> None:
    written(lake, connection, DAY, usage("a", DAY, "9"))
    version = commit_day(lake, "usage", DAY, written(lake, connection, DAY, usage("a", DAY, "1")), NOW)
    assert quantities(lake, connection, Pin("a", DAY, version)) == [1]
    maintain(lake, "usage", {version}, timedelta(0))
    assert quantities(lake, connection, Pin("a", DAY, version)) == [1]
    if not lake.uri.startswith("s3://"):
        assert len(list((Path(lake.uri) / "usage").glob("x_Source=*/*/*"))) == 1


@pytest.mark.slow
def test_a_day_that_two_add_at_once_never_has_the_rows_of_both(
    disk_lake: Lake, connection, usage: MakeUsage, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_day(disk_lake, "usage", NEXT, written(disk_lake, connection, NEXT, usage("a", NEXT, "1")), NOW)
    mine, theirs = (written(disk_lake, connection, DAY, usage("a", DAY, number)) for number in ("2", "3"))
    real, versions = commits._commit, []

    def overtaken(target: DeltaTable, *rest):
        if not versions:
            versions.append(-1)
            versions.append(commit_day(disk_lake, "usage", DAY, theirs, NOW))
        return real(target, *rest)

    monkeypatch.setattr(commits, "_commit", overtaken)
    version = commit_day(disk_lake, "usage", DAY, mine, NOW)
    assert quantities(disk_lake, connection, Pin("a", DAY, version)) == [2]
    assert quantities(disk_lake, connection, Pin("a", DAY, versions[1])) == [3]


def test_a_commit_whose_answer_was_lost_is_found_and_not_repeated(
    disk_lake: Lake, connection, usage: MakeUsage, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = written(disk_lake, connection, DAY, usage("a", DAY, "2"))
    real, answered = commits._commit, []

    def silent(*given):
        answered.append(real(*given))
        raise CommitFailedError("the answer was lost")

    monkeypatch.setattr(commits, "_commit", silent)
    version = commit_day(disk_lake, "usage", DAY, files, NOW)
    assert answered == [version]
    assert quantities(disk_lake, connection, Pin("a", DAY, version)) == [2]


@pytest.mark.slow
def test_many_writers_come_one_after_the_other_and_each_version_is_its_own(
    lake: Lake, connection, usage: MakeUsage
) -> None:
    writers, times = 3, 3
    files = [
        [written(lake, connection, DAY, usage("a", DAY, str(100 * writer + time))) for time in range(times)]
        for writer in range(writers)
    ]
    commit_day(lake, "usage", DAY, written(lake, connection, DAY, usage("a", DAY, "999")), NOW)
    together = Barrier(writers)

    def write(writer: int) -> list[tuple[int, int]]:
        together.wait()
        own = changed(lake, opened={})
        return [
            (commit_day(own, "usage", DAY, found, NOW), 100 * writer + time) for time, found in enumerate(files[writer])
        ]

    with ThreadPoolExecutor(writers) as pool:
        committed = [one for found in pool.map(write, range(writers)) for one in found]
    assert len({version for version, _ in committed}) == writers * times
    for version, amount in committed:
        assert quantities(lake, connection, Pin("a", DAY, version)) == [amount]


def test_a_column_that_the_table_lacks_is_added_and_older_days_read_null(
    disk_lake: Lake, connection, usage: MakeUsage
) -> None:
    old = replace(disk_lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    grown = changed(disk_lake, schemas={"usage": USAGE.append(pa.field("region", pa.string()))})
    rows = usage("a", NEXT, "2").append_column("region", pa.array(["north"]))
    new = commit_day(grown, "usage", NEXT, written(grown, connection, NEXT, rows), NOW)
    open_view(grown, connection, "seen", "usage", [Pin("a", DAY, old), Pin("a", NEXT, new)])
    assert connection.sql("SELECT quantity, region FROM seen ORDER BY ALL").fetchall() == [(1, None), (2, "north")]


def test_a_commit_names_the_files_of_one_day(disk_lake: Lake, connection, usage: MakeUsage) -> None:
    files = written(disk_lake, connection, DAY, usage("a", DAY, "1"))
    for day, named in ((NEXT, files), (DAY, ())):
        with pytest.raises(ValueError, match="one day"):
            commit_day(disk_lake, "usage", day, named, NOW)
