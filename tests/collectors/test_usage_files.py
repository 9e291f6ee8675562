"""Usage files: what is read and what is refused."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.base import CollectError, Window
from collectors.usage.files import TYPE

HEADER = "hour,metric,pool,quantity,team"
CELLS = {"hour": "2026-11-20T00:00:00Z", "metric": "gpu.hours", "pool": "p", "quantity": "1", "team": "search"}
GOOD = ",".join(CELLS.values())

REFUSED = [
    ("hour", "2026-11-20T00:30:00Z", "is not the start of an hour in UTC"),
    ("hour", "2026-11-20T00:00:00+05:30", "is not the start of an hour in UTC"),
    ("hour", "yesterday", "is not a date or time"),
    ("hour", "", "is missing"),
    ("metric", "", "is missing"),
    ("metric", "GPU hours", "is no metric name"),
    ("metric", ".hours", "is no metric name"),
    ("metric", "gpu..hours", "is no metric name"),
    ("quantity", "", "is missing"),
    ("quantity", "-1", "is negative"),
    ("quantity", "-1E-12", "is negative"),
    ("quantity", "many", "is not a number"),
    ("quantity", "1E30", "is too large"),
]


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize(("field", "value", "message"), REFUSED)
def test_a_broken_value_is_named_with_file_row_field_and_value(form, field, value, message, collecting) -> None:
    rows = [CELLS, {**CELLS, field: value}]
    path = collecting.folder / f"usage.{form}"
    if form == "csv":
        path.write_text("\n".join([HEADER, *(",".join(row.values()) for row in rows)]))
    elif form == "ndjson":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    with pytest.raises(CollectError) as refused:
        list(collecting.build(TYPE, path=path.name).collect(None))
    assert refused.value.permanent
    [problem] = refused.value.problems
    assert (problem.place, problem.row, problem.field) == (path.name, 2, field)
    assert problem.value == (value or None)
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"hour": "2026-11-20", "metric": "a", "quantity": {"n": 1}}', "is not a plain value"),
        ('{"hour": "2026-11-20", "metric": "a"}', "has no column quantity"),
        ('{"hour": "2026-11-20", "metric": "a", "quantity": 1, "x": "\\ud800"}', "cannot be read"),
        ("\udcff", "is not JSON: 'utf-8' codec"),
    ],
)
def test_a_broken_line_is_named(text: str, message: str, collecting) -> None:
    (collecting.folder / "usage.ndjson").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CollectError, match=message):
        list(collecting.build(TYPE, path="usage.ndjson").collect(None))


def test_usage_in_another_encoding_than_the_others_and_a_cut_file_are_refused_by_name(collecting) -> None:
    rows = "\n".join([HEADER, *[",".join({**CELLS, "team": "Größe"}.values())] * 500])
    (collecting.folder / "1.csv").write_text(rows)
    (collecting.folder / "2.csv").write_bytes("\n".join(rows.split("\n")[:2]).encode("latin-1"))
    (collecting.folder / "3.csv.gz").write_bytes(gzip.compress(rows.encode())[:-20])
    with pytest.raises(CollectError) as refused:
        list(collecting.build(TYPE, path="*.csv*").collect(None))
    text = str(refused.value)
    assert "2.csv, row 1" in text
    assert "3.csv.gz: cannot be read: Compressed file ended" in text


def test_columns_are_known_in_any_case_and_order_and_the_rest_are_facts(collecting) -> None:
    (collecting.folder / "usage.csv").write_text(
        "Team,QUANTITY, Hour ,gpu Model,Metric\n"
        "search,2.5,2026-11-20,H100,gpu.hours\n"
        ",1,2026-11-20T01:00Z,NULL,requests\n"
    )
    first, second = collecting.read(TYPE, path="usage.csv").rows
    assert first["facts"] == [("Team", "search"), ("gpu Model", "H100")]
    assert second["facts"] == []
    assert second["pool"] is None


def test_a_file_without_facts_and_pool_is_read(collecting) -> None:
    (collecting.folder / "usage.csv").write_text("hour,metric,quantity\n2026-11-20,requests,7\n")
    [row] = collecting.read(TYPE, path="usage.csv").rows
    assert (row["quantity"], row["facts"], row["pool"]) == (Decimal(7), [], None)


@pytest.mark.parametrize("header", ["hour,metric", "hour,metric,quantity,", "hour,metric,quantity,Hour"])
def test_columns_that_cannot_be_told_apart_are_refused(header: str, collecting) -> None:
    (collecting.folder / "usage.csv").write_text(f"{header}\n")
    with pytest.raises(CollectError, match=r"has no column|without a name|comes twice"):
        list(collecting.build(TYPE, path="usage.csv").collect(None))


def test_parquet_keeps_numbers_as_written_and_times_as_utc(collecting) -> None:
    table = pa.table(
        {
            "hour": pa.array([datetime(2026, 11, 20, 5, tzinfo=UTC)], pa.timestamp("us", "Asia/Kolkata")),
            "metric": ["tokens.input"],
            "quantity": [0.1],
            "user": [7],
        }
    )
    pq.write_table(table, collecting.folder / "usage.parquet")
    [row] = collecting.read(TYPE, path="usage.parquet").rows
    assert (row["hour"].hour, row["quantity"], row["facts"]) == (5, Decimal("0.1"), [("user", "7")])


def test_every_hour_from_the_first_to_the_last_is_covered(collecting) -> None:
    (collecting.folder / "a.csv").write_text(f"{HEADER}\n{GOOD}\n")
    (collecting.folder / "b.csv").write_text(f"{HEADER}\n{GOOD.replace('T00', 'T23')}\n")
    collected = collecting.read(TYPE, path="*.csv")
    assert collected.reading.coverage == (
        Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
    )
