"""FOCUS files in the forms that exports really have."""

import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.base import CollectError, Window
from collectors.bills.focus import TYPE

HEADER = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"
ROW = '1.50,1.25,2,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Compute,"{""team"": ""search""}"'
BILL = f"{HEADER}\n{ROW}\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_bill_in_another_encoding_is_read_when_the_encoding_is_named(encoding: str, collecting) -> None:
    (collecting.folder / "bill.csv").write_bytes(BILL.replace("Compute", "Größe").encode(encoding))
    [row] = collecting.read(TYPE, path="bill.csv", encoding=encoding).rows
    assert row["ServiceName"] == "Größe"


def test_a_large_bill_in_utf_16_is_read_across_all_block_borders(collecting) -> None:
    text = HEADER + "\n" + "".join(ROW.replace("Compute", f"Größe {n} €") + "\n" for n in range(30_000))
    (collecting.folder / "bill.csv").write_bytes(text.encode("utf-16"))
    rows = collecting.read(TYPE, path="bill.csv", encoding="utf-16").table
    assert rows.column("ServiceName").to_pylist() == [f"Größe {n} €" for n in range(30_000)]


def test_columns_in_another_order_in_each_file_and_new_ones_lose_nothing(collecting) -> None:
    cells = dict(zip(HEADER.split(",")[:-1], ROW.split(",")[:7], strict=True))
    for number, names in enumerate((list(cells), list(cells)[::-1], sorted(cells))):
        lines = [",".join([*names, "x_New"]), ",".join([*(cells[name] for name in names), f"new {number}"])]
        (collecting.folder / f"{number}.csv").write_text("\n".join(lines))
    rows = [{**row, "x_Origin": ""} for row in collecting.read(TYPE, path="*.csv").rows]
    assert len(rows) == 3
    assert rows[0] == rows[1] == rows[2]
    assert (rows[0]["BilledCost"], rows[0]["EffectiveCost"]) == (Decimal("1.5"), Decimal("1.25"))


def test_mixed_currencies_are_kept_apart_and_told_in_no_sum_of_both(collecting) -> None:
    (collecting.folder / "bill.csv").write_text(f"{HEADER}\n{ROW}\n{ROW.replace('USD', 'eur')}\n")
    collected = collecting.read(TYPE, path="bill.csv")
    assert [(row["BilledCost"], row["BillingCurrency"]) for row in collected.rows] == [
        (Decimal("1.5"), "USD"),
        (Decimal("1.5"), "EUR"),
    ]
    assert collected.reading.files[0].currency is None


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_read(line_end: str, collecting) -> None:
    (collecting.folder / "bill.csv").write_bytes(BILL.replace("\n", line_end).encode())
    assert collecting.read(TYPE, path="bill.csv").table.num_rows == 1


def test_gzip_is_told_by_its_first_bytes_and_not_by_the_name(collecting) -> None:
    (collecting.folder / "bill.csv").write_bytes(gzip.compress(BILL.encode()) + gzip.compress(f"{ROW}\n".encode()))
    assert collecting.read(TYPE, path="bill.csv").table.num_rows == 2


def test_rows_are_counted_from_one_and_blank_lines_are_not(collecting) -> None:
    (collecting.folder / "bill.csv").write_text(f"\n{HEADER}\n\n{ROW}\n\n\n{ROW}")
    origins = [row["x_Origin"] for row in collecting.read(TYPE, path="bill.csv").rows]
    assert origins == ["bill.csv:1", "bill.csv:2"]


def test_a_line_break_within_quotes_swallows_no_row(collecting) -> None:
    broken_up = ROW.replace("Compute", '"two\nlines, ""quoted"""')
    (collecting.folder / "bill.csv").write_text(f"{HEADER}\n{broken_up}\n{ROW}\n")
    names = [row["ServiceName"] for row in collecting.read(TYPE, path="bill.csv").rows]
    assert names == ['two\nlines, "quoted"', "Compute"]


def test_a_file_with_only_a_header_is_a_bill_of_nothing(collecting) -> None:
    (collecting.folder / "bill.csv").write_text(HEADER + "\n")
    collected = collecting.read(TYPE, path="bill.csv")
    assert collected.table.num_rows == 0
    assert collected.reading.coverage == ()
    assert collected.reading.files[0].rows == 0


def test_without_effective_and_list_cost_the_billed_cost_stands_in(collecting) -> None:
    columns = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd"
    (collecting.folder / "bill.csv").write_text(f"{columns}\n3.5,USD,2026-11-20,2026-11-21\n")
    collected = collecting.read(TYPE, path="bill.csv")
    [row] = collected.rows
    assert row["EffectiveCost"] == row["ListCost"] == row["BilledCost"] == Decimal("3.5")
    assert collected.reading.files[0].sums["ListCost"] == Decimal("3.5")
    assert row["ContractedCost"] is None
    assert row["Tags"] is None


def test_finer_amounts_are_rounded_half_even_and_the_rounding_is_recorded(collecting) -> None:
    rows = [ROW.replace("1.50", cost) for cost in ("0.0000000000005", "0.0000000000015", "-1.23456789012345E-4")]
    (collecting.folder / "bill.csv").write_text("\n".join([HEADER, *rows]))
    collected = collecting.read(TYPE, path="bill.csv")
    stored = [row["BilledCost"] for row in collected.rows]
    assert stored == [Decimal(0), Decimal("2E-12"), Decimal("-0.000123456789")]
    [file] = collected.reading.files
    assert file.sums["BilledCost"] == Decimal("-0.000123456787012345") - Decimal("0.000000000000") + Decimal(0)
    assert file.rounded == {"BilledCost": sum(stored, Decimal(0)) - file.sums["BilledCost"]}


def test_only_the_rows_of_the_window_are_given_and_it_is_half_open(collecting) -> None:
    year_long = ROW.replace("2026-11-21", "2027-11-21")
    days = "\n".join(year_long.replace("2026-11-20", f"2026-11-{day}") for day in (19, 20, 21))
    (collecting.folder / "bill.csv").write_text(f"{HEADER}\n{days}\n")
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    collected = collecting.read(TYPE, window, path="bill.csv")
    assert [row["x_Day"] for row in collected.rows] == [date(2026, 11, 20)]
    assert collected.reading.coverage == (window,)


def test_a_parquet_bill_with_doubles_maps_and_naive_times_is_read_as_written(collecting) -> None:
    start = datetime(2026, 11, 20, 5)  # noqa: DTZ001 -- Parquet files hold times without a zone
    columns = {
        "billedcost": pa.array([0.1, 1.6059e-06, None], pa.float64()).fill_null(3),
        "EffectiveCost": pa.array(["0.1", None, "3"]),
        "ListCost": pa.array([Decimal("0.10000"), Decimal(1), Decimal(2)], pa.decimal128(20, 5)),
        "BillingCurrency": pa.array(["USD", "USD", "USD"]).dictionary_encode(),
        "ChargePeriodStart": pa.array([start] * 3, pa.timestamp("ns")),
        "ChargePeriodEnd": pa.array([start + timedelta(hours=1)] * 3, pa.timestamp("ms", "Europe/Berlin")),
        "Tags": pa.array([[(" team", "a"), ("team", "b")], None, [("x", None)]], pa.map_(pa.string(), pa.string())),
        "SkuPriceDetails": pa.array([[("GpuCount", 8.0)], [], None], pa.map_(pa.string(), pa.float64())),
        "PricingQuantity": pa.array([1, 2, 3]),
        "ResourceId": pa.array([b"i-1", b"NULL", None], pa.binary()),
    }
    pq.write_table(pa.table(columns), collecting.folder / "bill.parquet")
    first, second, third = collecting.read(TYPE, path="bill.parquet").rows
    assert first["BilledCost"] == Decimal("0.1")
    assert second["BilledCost"] == second["EffectiveCost"] == Decimal("0.0000016059")
    assert first["ChargePeriodStart"] == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert first["Tags"] == [("team", "b")]
    assert second["Tags"] is None
    assert third["Tags"] == [("x", "")]
    assert first["SkuPriceDetails"] == '{"GpuCount": "8"}'
    assert (first["ResourceId"], second["ResourceId"]) == ("i-1", None)
    assert third["x_Origin"] == "bill.parquet:3"


@pytest.mark.parametrize(
    "tags",
    [
        pa.array([{"team": "a", "env": None}]),
        pa.array([[{"key": "team ", "value": "a"}]]),
        pa.array(['{"team": "a"}']),
    ],
    ids=["struct", "list of pairs", "JSON"],
)
def test_tags_in_any_form_of_parquet_are_one_map(tags: pa.Array, collecting) -> None:
    columns = {
        "BilledCost": ["1"],
        "BillingCurrency": ["USD"],
        "ChargePeriodStart": [date(2026, 11, 20)],
        "ChargePeriodEnd": [date(2026, 11, 21)],
        "Tags": tags,
    }
    pq.write_table(pa.table(columns), collecting.folder / "bill.parquet")
    assert collecting.read(TYPE, path="bill.parquet").rows[0]["Tags"] == [("team", "a")]


def test_the_revision_changes_with_a_file_and_only_then(collecting) -> None:
    bill = collecting.folder / "bill.csv"
    bill.write_text(BILL)
    collector = collecting.build(TYPE, path="*.csv")
    before = collector.revision()
    assert collector.revision() == before
    bill.write_text(BILL + ROW + "\n")
    assert collector.revision() != before


def test_a_file_that_changes_while_it_is_read_is_refused_but_not_for_good(collecting) -> None:
    bill = collecting.folder / "bill.csv"
    bill.write_text(BILL)
    batches = collecting.build(TYPE, path="bill.csv").collect(None)
    next(batches)
    bill.write_text(BILL + ROW + "\n")
    with pytest.raises(CollectError, match=r"bill\.csv changed while it was being read") as refused:
        list(batches)
    assert not refused.value.permanent


def test_what_a_reading_covered_is_known_only_after_its_end(collecting) -> None:
    (collecting.folder / "bill.csv").write_text(BILL)
    collector = collecting.build(TYPE, path="bill.csv")
    next(collector.collect(None))
    with pytest.raises(RuntimeError, match="nothing was collected to the end"):
        collector.reading()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "path is missing"),
        ({"path": "x", "format": "excel"}, "format: 'excel' is not one of auto, csv, parquet"),
        ({"path": "x", "encoding": "klingon"}, "encoding: 'klingon' is not known"),
        ({"path": "x", "encoding": "base64"}, "encoding: 'base64' is not known"),
        ({"path": "x", "restates": "soon"}, "restates: 'soon' is not a duration"),
        ({"path": "x", "pat": "y"}, "unknown option 'pat'"),
        ({"path": {"x": "y"}}, "path is a list of words"),
    ],
)
def test_a_wrong_option_is_told(options, message: str, collecting) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(TYPE, **options)
