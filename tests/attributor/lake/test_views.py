"""A view reads exactly the pinned days as they were, and no more of them than a query needs."""

import faulthandler
from collections.abc import Callable
from dataclasses import replace as changed
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from stored_rows import replace

from attributor.lake.lake import Lake
from attributor.lake.maintenance import maintain
from attributor.lake.views import MissingVersionError, Pin, open_view
from collectors.schema import CHARGES, USAGE

DAY = date(2026, 11, 19)
NEXT = DAY + timedelta(days=1)
MakeUsage = Callable[..., pa.Table]


def read(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return [row[0] for row in connection.sql(query).fetchall()]


def test_each_day_is_read_as_it_was_at_its_own_version(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    first = pa.concat_tables([usage("a", DAY, "1"), usage("a", NEXT, "2"), usage("b", DAY, "3")])
    old = replace(lake, "usage", [("a", DAY), ("a", NEXT), ("b", DAY)], first)
    new = replace(
        lake,
        "usage",
        [("a", DAY), ("a", NEXT)],
        pa.concat_tables([usage("a", DAY, "10", "11"), usage("a", NEXT, "20")]),
    )
    open_view(lake, connection, "seen", "usage", [Pin("a", DAY, old), Pin("a", NEXT, new)])
    assert read(connection, "SELECT quantity FROM seen ORDER BY ALL") == [1, 20]
    open_view(lake, connection, "seen", "usage", [Pin("a", DAY, new), Pin("b", DAY, new)])
    assert read(connection, "SELECT quantity FROM seen ORDER BY ALL") == [3, 10, 11]


def test_every_type_comes_back_to_the_last_unit(lake: Lake, connection: duckdb.DuckDBPyConnection) -> None:
    start = datetime(2026, 11, 19, 23, 59, 59, 999_999, tzinfo=UTC)
    row = {field.name: "ü'\"\n" if field.type == pa.string() else None for field in CHARGES}
    row |= {
        "BilledCost": Decimal("-99999999999999999999999999.999999999999"),
        "EffectiveCost": Decimal("1E-12"),
        "ListCost": Decimal("1000000000.000000000001"),
        "ConsumedQuantity": Decimal("0.000000000000000001"),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + timedelta(microseconds=1),
        "Tags": [("team", "a=b,c"), ("", ""), ("empty", None)],
        "x_Source": "aws",
        "x_Day": DAY,
    }
    given = pa.Table.from_pylist(
        [row, {**row, "Tags": []}, {**row, "Tags": None, "ConsumedQuantity": None}], schema=CHARGES
    )
    version = replace(lake, "charges", [("aws", DAY)], given)
    open_view(lake, connection, "charges", "charges", [Pin("aws", DAY, version)])
    found = connection.sql("SELECT * FROM charges").to_arrow_table()
    assert found.column_names == CHARGES.names
    assert found.cast(CHARGES).to_pylist() == given.to_pylist()


def test_types_are_the_same_with_and_without_pins(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    version = replace(lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    open_view(lake, connection, "filled", "usage", [Pin("a", DAY, version)])
    open_view(lake, connection, "nothing", "usage", [])
    open_view(lake, connection, "emptied", "usage", [Pin("b", DAY, version)])
    filled, nothing, emptied = (
        connection.sql(f"DESCRIBE {name}").fetchall() for name in ("filled", "nothing", "emptied")
    )
    assert filled == nothing == emptied
    assert connection.sql("SELECT * FROM nothing UNION ALL SELECT * FROM emptied").fetchall() == []


def test_a_column_that_an_old_file_lacks_reads_as_null(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    old = replace(lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    grown = changed(lake, schemas={"usage": USAGE.append(pa.field("region", pa.string()))})
    rows = usage("a", NEXT, "2").append_column("region", pa.array(["north"]))
    new = replace(grown, "usage", [("a", NEXT)], rows)
    for version in (old, new):
        open_view(grown, connection, "seen", "usage", [Pin("a", DAY, version), Pin("a", NEXT, new)])
        assert connection.sql("SELECT quantity, region FROM seen ORDER BY ALL").fetchall() == [(1, None), (2, "north")]
    open_view(grown, connection, "seen", "usage", [Pin("a", DAY, old)])
    assert connection.sql("SELECT region FROM seen").fetchall() == [(None,)]


def test_a_program_that_does_not_know_a_newer_column_reads_the_others(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    grown = changed(lake, schemas={"usage": USAGE.append(pa.field("region", pa.string()))})
    rows = usage("a", DAY, "2").append_column("region", pa.array(["north"]))
    version = replace(grown, "usage", [("a", DAY)], rows)
    open_view(lake, connection, "seen", "usage", [Pin("a", DAY, version)])
    assert read(connection, "SELECT quantity FROM seen") == [2]


def test_only_the_files_and_columns_that_a_query_needs_are_read(
    disk_lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    days = [DAY + timedelta(days=number) for number in range(10)]
    rows = pa.concat_tables([usage("a", day, "1") for day in days])
    version = replace(disk_lake, "usage", [("a", day) for day in days], rows)
    open_view(disk_lake, connection, "seen", "usage", [Pin("a", day, version) for day in days])
    plan = connection.sql(f"EXPLAIN ANALYZE SELECT sum(quantity) FROM seen WHERE x_Day = '{NEXT}'").fetchall()[0][1]
    assert "Scanning Files: 1/10" in plan
    assert "metric" not in plan


def test_a_view_follows_a_new_pin_and_several_views_stand_side_by_side(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    old = replace(lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    new = replace(lake, "usage", [("a", DAY)], usage("a", DAY, "2"))
    open_view(lake, connection, "before", "usage", [Pin("a", DAY, old)])
    open_view(lake, connection, "after", "usage", [Pin("a", DAY, old)])
    open_view(lake, connection, "after", "usage", [Pin("a", DAY, new)])
    joined = "SELECT after.quantity - before.quantity FROM before JOIN after USING (x_Source, x_Day)"
    assert read(connection, joined) == [1]


def test_filters_on_every_kind_of_column_are_right(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    rows = pa.concat_tables(
        [
            usage("a", DAY, "1000000000.000000000001"),
            usage("a", NEXT, "2", pool="p"),
            usage("b", DAY, "3", facts=[("team", "ads")]),
        ]
    )
    version = replace(lake, "usage", [("a", DAY), ("a", NEXT), ("b", DAY)], rows)
    open_view(lake, connection, "seen", "usage", [Pin(s, d, version) for s, d in (("a", DAY), ("a", NEXT), ("b", DAY))])
    for condition, expected in {
        "quantity > 1000000000": [Decimal("1000000000.000000000001")],
        "quantity > 1000000000.000000000001": [],
        "hour >= TIMESTAMPTZ '2026-11-20 00:00:00+00'": [2],
        "hour < TIMESTAMPTZ '2026-11-20 01:00:00+02'": [3, Decimal("1000000000.000000000001")],
        f"x_Day = DATE '{DAY}' AND x_Source = 'b'": [3],
        "x_Source LIKE 'a%' AND pool IS NOT NULL": [2],
        "facts['team'] = 'ads'": [3],
    }.items():
        assert read(connection, f"SELECT quantity FROM seen WHERE {condition} ORDER BY ALL") == expected, condition


def test_a_version_that_the_lake_does_not_have_is_named(
    lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    with pytest.raises(MissingVersionError, match="no table usage, but version 7 of it is published"):
        open_view(lake, connection, "seen", "usage", [Pin("a", DAY, 7)])
    replace(lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    with pytest.raises(MissingVersionError, match="usage has no version 7"):
        open_view(lake, connection, "seen", "usage", [Pin("a", DAY, 7)])


def test_a_file_that_is_gone_from_an_object_store_fails_the_query_and_never_hangs_it(
    s3_lake: Lake, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    old = replace(s3_lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    replace(s3_lake, "usage", [("a", DAY)], usage("a", DAY, "2"))
    maintain(s3_lake, "usage", set(), timedelta(0))
    open_view(s3_lake, connection, "gone", "usage", [Pin("a", DAY, old)])
    faulthandler.dump_traceback_later(60, exit=True)  # a hang would hold the interpreter's lock: nothing else ends it
    try:
        for _ in range(30):
            with pytest.raises(duckdb.Error, match="not found"):
                connection.sql("SELECT quantity FROM gone").fetchall()
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize("character", "#?[]^|\\")
def test_a_folder_that_would_be_misread_is_refused(tmp_path: Path, character: str) -> None:
    with pytest.raises(ValueError, match="name another folder"):
        Lake(str(tmp_path / f"a{character}b"), {}, {"usage": USAGE})


def test_a_folder_may_be_given_as_a_file_uri(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, usage: MakeUsage
) -> None:
    lake = Lake((tmp_path / "a lake").as_uri(), {}, {"usage": USAGE})
    version = replace(lake, "usage", [("a", DAY)], usage("a", DAY, "1"))
    assert (tmp_path / "a lake" / "usage").is_dir()
    open_view(lake, connection, "seen", "usage", [Pin("a", DAY, version)])
    assert read(connection, "SELECT quantity FROM seen") == [1]
