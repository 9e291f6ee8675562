"""Broken bills: one error that names file, row, field and value, and nothing half."""

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.base import CollectError
from collectors.bills.focus import TYPE

HEADER = (
    "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,"
    "Tags,ServiceName"
)
GOOD = "1.50,1.25,2,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,1,,"
CELLS = dict(zip(HEADER.split(","), GOOD.split(","), strict=True))


def refusal(collecting, **options: str) -> CollectError:
    given: list[object] = []
    with pytest.raises(CollectError) as refused:
        given.extend(collecting.build(TYPE, **{"path": "bill.csv", **options}).collect(None))
    assert refused.value.permanent
    return refused.value


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("BilledCost", "abc", "is not a number"),
        ("BilledCost", '"1,234.50"', "is not a number"),
        ("BilledCost", '"12,5"', "is not a number"),
        ("BilledCost", "NaN", "is not a number"),
        ("BilledCost", "-inf", "is not a number"),
        ("BilledCost", "1_000", "is not a number"),
        ("BilledCost", "١٢", "is not a number"),
        ("BilledCost", "0x10", "is not a number"),
        ("BilledCost", "$5", "is not a number"),
        ("EffectiveCost", "1E26", "is too large"),
        ("EffectiveCost", "99999999999999999999999999.9999999999996", "is too large"),
        ("EffectiveCost", "1E99999999999999999999", "is out of range"),
        ("ListCost", "1E-401", "has more than 400 decimals"),
        ("ConsumedQuantity", "many", "is not a number"),
        ("ChargePeriodStart", "20/11/2026", "is not a date or time"),
        ("ChargePeriodStart", "2026-02-30", "is not a date or time"),
        ("ChargePeriodStart", "2026-11-20T25:00:00Z", "is not a date or time"),
        ("ChargePeriodStart", "0001-01-01", "is outside the years 1970 to 2199"),
        ("ChargePeriodEnd", "9999-12-31T23:59:59-05:00", "is not a date or time"),
        ("BillingCurrency", "$", "is no currency"),
        ("BillingCurrency", "12.50", "is no currency"),
        ("Tags", "team=a", "is not JSON: Expecting value at character 1"),
        ("Tags", "[1]", "is not a JSON object"),
        ("Tags", '"{""a"": {""b"": 1}}"', "holds no plain value under the key 'a'"),
        ("Tags", '"{""a"": NaN}"', "holds no plain value under the key 'a'"),
        ("Tags", '"{""a"": ""\\ud800""}"', "holds half a character"),
        ("Tags", "[" * 100_000, "is not a JSON object"),
    ],
)
def test_a_broken_value_is_named_with_file_row_field_and_value(field, value, message, collecting) -> None:
    bad = ",".join({**CELLS, field: value}.values())
    (collecting.folder / "bill.csv").write_text(f"{HEADER}\n{GOOD}\n{bad}\n")
    [problem] = refusal(collecting).problems
    written = value.strip('"').replace('""', '"')
    assert (problem.place, problem.row, problem.field) == ("bill.csv", 2, field)
    assert problem.value is not None
    assert written.startswith(problem.value.rstrip("…")) or problem.value.startswith(written)
    assert message in problem.message
    assert f"bill.csv, row 2, {field} = " in str(problem)


@pytest.mark.parametrize("field", ["BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd"])
def test_a_missing_required_value_is_named(field: str, collecting) -> None:
    bad = ",".join({**CELLS, field: "NULL"}.values())
    (collecting.folder / "bill.csv").write_text(f"{HEADER}\n{bad}\n{GOOD}\n")
    [problem] = refusal(collecting).problems
    assert (problem.row, problem.field, problem.message) == (1, field, "is missing")


def test_a_period_that_ends_before_it_starts_is_named(collecting) -> None:
    bad = ",".join({**CELLS, "ChargePeriodEnd": "2026-11-20"}.values())
    (collecting.folder / "bill.csv").write_text(f"{HEADER}\n{bad}\n")
    [problem] = refusal(collecting).problems
    assert problem.field == "ChargePeriodEnd"
    assert problem.message == "is not after ChargePeriodStart, 2026-11-20T00:00:00+00:00"


def test_one_broken_cost_is_one_problem_though_it_stands_in_for_others(collecting) -> None:
    bad = ",".join({**CELLS, "BilledCost": "x", "EffectiveCost": "", "ListCost": ""}.values())
    (collecting.folder / "bill.csv").write_text(f"{HEADER}\n{bad}\n")
    assert [problem.field for problem in refusal(collecting).problems] == ["BilledCost"]


def test_all_problems_of_all_files_come_at_once_and_nothing_is_given_after_the_first(collecting) -> None:
    bad = ",".join({**CELLS, "BilledCost": "x", "BillingCurrency": ""}.values())
    (collecting.folder / "a.csv").write_text(f"{HEADER}\n{bad}\n")
    (collecting.folder / "b.csv").write_text(f"{HEADER}\n{GOOD}\n")
    (collecting.folder / "c.csv").write_text("name,price\nx,1\n")
    given = []
    with pytest.raises(CollectError) as refused:
        given.extend(collecting.build(TYPE, path="*.csv").collect(None))
    assert given == []
    assert [(problem.place, problem.field) for problem in refused.value.problems] == [
        ("a.csv", "BilledCost"),
        ("a.csv", "BillingCurrency"),
        ("c.csv", None),
    ]


@pytest.mark.slow
def test_fifty_problems_are_listed_and_all_are_counted(collecting) -> None:
    bad = ",".join({**CELLS, "BilledCost": "x"}.values())
    (collecting.folder / "bill.csv").write_text("\n".join([HEADER, *[bad] * 40_000]))
    error = refusal(collecting)
    assert len(error.problems) == 50
    assert str(error).startswith("source: 40000 problems; nothing of this reading is stored")
    assert str(error).endswith("and 39950 more")


def _write(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    ("write", "row", "message"),
    [
        (_write(b""), None, "is empty: it has not even a header"),
        (_write(b"name,price\nx,1\n"), None, "is no FOCUS export: it has no column BilledCost, BillingCurrency"),
        (_write(f"{HEADER},BILLEDCOST\n{GOOD},1\n".encode()), None, "the column BilledCost comes twice"),
        (_write(f"{HEADER},BilledCost\n{GOOD},1\n".encode()), None, "the column BilledCost comes twice"),
        (_write(f"{HEADER}\n{GOOD}\n{GOOD},1,2\n".encode()), 2, "has 11 fields where the header has 9"),
        (_write(f"{HEADER}\n{GOOD}\n1,2\n".encode()), 2, "has 2 fields where the header has 9"),
        (_write(f'{HEADER}\n{GOOD}"team\n{GOOD}\n{GOOD}\n'.encode()), 1, "its quotes do not match"),
        (_write(f'{HEADER}\n{GOOD}\n{GOOD}"a\n{GOOD}"b\n{GOOD}\n'.encode()), 2, "its quotes do not match"),
        (_write(f"{HEADER}\n{GOOD}\n{GOOD}\xe9\n".encode("latin-1")), 2, "holds bytes that are not of the file's"),
        (_write(f"{HEADER}\n{GOOD}\n".encode("utf-16")), None, "is no utf-8 text"),
        (_write(gzip.compress(f"{HEADER}\n{GOOD}\n".encode())[:-9]), None, "cannot be read: Compressed file ended"),
        (_write(b"\x1f\x8b\x08 not gzip at all"), None, "cannot be read:"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named(write, row: int | None, message: str, collecting) -> None:
    write(collecting.folder / "bill.csv")
    problem = refusal(collecting).problems[0]
    assert (problem.place, problem.row) == ("bill.csv", row)
    assert message in problem.message


@pytest.mark.slow
def test_a_damaged_gzip_is_refused_after_thousands_of_good_rows(collecting) -> None:
    packed = bytearray(gzip.compress(f"{HEADER}\n".encode() + f"{GOOD}\n".encode() * 100_000))
    packed[-6] ^= 0xFF
    (collecting.folder / "bill.csv.gz").write_bytes(packed)
    assert "CRC check failed" in refusal(collecting, path="bill.csv.gz").problems[0].message


@pytest.mark.parametrize("content", [b"", b"PAR1 and then something else PAR1", b"BilledCost\n1\n"])
def test_a_file_that_is_no_parquet_is_named(content: bytes, collecting) -> None:
    (collecting.folder / "bill.parquet").write_bytes(content)
    [problem] = refusal(collecting, path="bill.parquet").problems
    assert problem.place == "bill.parquet"
    assert "is no readable Parquet file" in problem.message


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("BilledCost", pa.array([[1]]), "holds no keys and values"),
        ("BilledCost", pa.array([float("nan")]), "is not a number"),
        ("ChargePeriodStart", pa.array([{"a": 1}]), "which is no time"),
        ("ChargePeriodStart", pa.array([20_000]), "is not a date or time"),
        ("Tags", pa.array([["a", "b"]]), "holds no keys and values"),
    ],
)
def test_a_parquet_column_of_the_wrong_type_is_named(column: str, values: pa.Array, message: str, collecting) -> None:
    columns = {
        "BilledCost": pa.array(["1"]),
        "BillingCurrency": pa.array(["USD"]),
        "ChargePeriodStart": pa.array([date(2026, 11, 20)]),
        "ChargePeriodEnd": pa.array([date(2026, 11, 21)]),
        column: values,
    }
    pq.write_table(pa.table(columns), collecting.folder / "bill.parquet")
    problem = refusal(collecting, path="bill.parquet").problems[0]
    assert problem.field == column
    assert message in problem.message


def test_a_file_whose_form_cannot_be_told_is_named(collecting) -> None:
    (collecting.folder / "bill.xlsx").write_bytes(b"PK")
    assert "name it with format: csv or parquet" in refusal(collecting, path="bill.xlsx").problems[0].message


@pytest.mark.parametrize("path", ["bill.csv", "*.csv", ".", "nowhere/**/*.parquet"])
def test_no_file_at_all_is_an_error_and_not_a_bill_of_nothing(path: str, collecting) -> None:
    assert str(refusal(collecting, path=path)) == f"source: there is no file at {path}"
