"""Rows of many days become files of their days, whatever their order and number."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attributor.lake import day_writer
from attributor.lake.day_files import DayFile
from attributor.lake.day_writer import writing_days
from attributor.lake.views import open_files
from collectors.schema import USAGE

DAY = date(2026, 11, 19)
NEXT = DAY + timedelta(days=1)
MakeUsage = Callable[..., pa.Table]


def written(folder: Path, *batches: pa.Table) -> tuple[DayFile, ...]:
    with writing_days(folder, USAGE) as writer:
        for rows in batches:
            for batch in rows.combine_chunks().to_batches():
                writer.write(batch)
        return writer.finish()


def read(connection: duckdb.DuckDBPyConnection, folder: Path, files: tuple[DayFile, ...]) -> list[tuple]:
    open_files(connection, "seen", USAGE, [folder / file.path for file in files])
    return connection.sql("SELECT x_Source, x_Day, quantity, pool, facts, x_Origin FROM seen ORDER BY ALL").fetchall()


def test_mixed_rows_go_to_the_files_of_their_days_in_the_order_they_came(tmp_path: Path, usage: MakeUsage) -> None:
    mixed = [usage("a", NEXT, "3"), usage("a", DAY, "2", "1"), usage("b", DAY, "9"), usage("a", NEXT, "1", "2")]
    files = written(tmp_path, pa.concat_tables(mixed), usage("a", DAY, "0"))
    found = [(file.source, file.day, pq.read_table(tmp_path / file.path, partitioning=None)) for file in files]
    assert [
        (source, day, [int(one) for one in rows.column("quantity").to_pylist()]) for source, day, rows in found
    ] == [
        ("a", DAY, [2, 1, 0]),
        ("a", NEXT, [3, 1, 2]),
        ("b", DAY, [9]),
    ]
    assert [(file.rows, file.size) for file in files] == [
        (rows.num_rows, (tmp_path / file.path).stat().st_size) for file, (_, _, rows) in zip(files, found, strict=True)
    ]


def test_a_column_without_values_is_left_out_and_reads_as_null(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    files = written(tmp_path, usage("a", DAY, "1"))
    assert pq.read_schema(tmp_path / files[0].path).names == ["hour", "metric", "quantity", "facts"]
    assert read(connection, tmp_path, files) == [("a", DAY, 1, None, {"team": "search"}, None)]


def test_a_value_in_a_column_that_had_none_begins_a_next_file(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, usage: MakeUsage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_writer, "_MOST_PENDING", 0)
    rows = [usage("a", DAY, "1"), usage("a", DAY, "2", pool="p"), usage("a", DAY, "3"), usage("a", DAY, "4", pool="q")]
    files = written(tmp_path, *rows)
    assert sorted(file.rows for file in files) == [1, 3]
    assert [(row[2], row[3]) for row in read(connection, tmp_path, files)] == [(1, None), (2, "p"), (3, None), (4, "q")]


def test_neither_rows_that_wait_nor_files_that_are_open_grow_without_end(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, usage: MakeUsage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_writer, "_MOST_PENDING", 2_000)
    monkeypatch.setattr(day_writer, "_MOST_OPEN", 3)
    days = [DAY + timedelta(days=number) for number in range(7)]
    batches = [
        pa.concat_tables([usage("a", day, str(number), str(number + 0.5)) for day in days]) for number in range(9)
    ]
    files = written(tmp_path, *batches)
    assert len(files) > len(days)
    expected = sorted(("a", day, number / 2, None, {"team": "search"}, None) for day in days for number in range(18))
    assert [(*row[:2], float(row[2]), *row[3:]) for row in read(connection, tmp_path, files)] == expected


def test_what_is_written_is_kept_no_longer(tmp_path: Path, usage: MakeUsage, monkeypatch: pytest.MonkeyPatch) -> None:
    many = usage("a", DAY, *map(str, range(2_000)))
    monkeypatch.setattr(day_writer, "_MOST_PENDING", 2 * many.nbytes)
    before = pa.total_allocated_bytes()
    with writing_days(tmp_path, USAGE) as writer:
        for number in range(20):
            rows = pa.concat_tables([usage("a", NEXT, str(number)), many]).combine_chunks()
            writer.write(rows.to_batches()[0])
        del rows
        assert pa.total_allocated_bytes() - before < 4 * many.nbytes
        assert sorted(file.rows for file in writer.finish()) == [20, 40_000]


def test_a_missing_value_where_one_is_required_is_refused(tmp_path: Path, usage: MakeUsage) -> None:
    rows = usage("a", DAY, "1", "2")
    broken = rows.set_column(rows.column_names.index("metric"), "metric", pa.array([None, "x"], pa.string()))
    with pytest.raises(ValueError, match="metric"):
        written(tmp_path, broken)
