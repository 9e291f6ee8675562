"""Pinned days by the column: the rows that a view has, with text as dictionaries, on disk and on an S3 server."""

from collections.abc import Callable
from datetime import date

import duckdb
import pyarrow as pa
from stored_rows import replace

from attributor.lake.columns import read_columns
from attributor.lake.lake import Lake
from attributor.lake.views import Pin, open_view
from collectors.schema import TAGS, USAGE

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
COLUMNS = ["metric", "quantity", "pool", "facts", "x_Source", "x_Day", "no_such_column"]


def test_the_rows_of_each_pin_come_as_a_view_has_them(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: Callable[..., pa.Table]
) -> None:
    old = replace(
        lake, "usage", [("a", DAY), ("b", DAY)], pa.concat_tables([usage("a", DAY, "1"), usage("b", DAY, "2")])
    )
    new = replace(
        lake, "usage", [("a", DAY), ("a", NEXT)], pa.concat_tables([usage("a", DAY, "3"), usage("a", NEXT, "4")])
    )
    pins = [Pin("b", DAY, new), Pin("a", DAY, old), Pin("a", NEXT, new)]
    found = pa.concat_tables(read_columns(lake, "usage", pins, COLUMNS))
    assert found.column_names == COLUMNS[:-1]
    assert pa.types.is_dictionary(found.schema.field("metric").type)
    open_view(lake, connection, "seen", "usage", pins)
    seen = connection.sql(f"SELECT {', '.join(COLUMNS[:-1])} FROM seen ORDER BY quantity").to_arrow_table()
    assert found.sort_by("quantity").to_pylist() == seen.to_pylist()


def test_a_column_that_a_days_files_lack_is_null(lake: Lake, usage: Callable[..., pa.Table]) -> None:
    wide = Lake(lake.uri, lake.storage_options, {"usage": USAGE.append(pa.field("labels", TAGS))})
    narrow, named = usage("a", DAY, "1"), usage("a", NEXT, "2", pool="p")
    version = replace(lake, "usage", [("a", DAY), ("a", NEXT)], pa.concat_tables([narrow, named]))
    found = read_columns(wide, "usage", [Pin("a", DAY, version), Pin("a", NEXT, version)], ["pool", "labels"])
    assert pa.concat_tables(found).to_pylist() == [{"pool": None, "labels": None}, {"pool": "p", "labels": None}]


def test_a_table_without_pinned_days_has_no_pieces(lake: Lake, usage: Callable[..., pa.Table]) -> None:
    replace(lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    assert list(read_columns(lake, "usage", [], COLUMNS)) == []
