"""Cost and Usage Reports: their spellings, their amortisation, their split rows, and broken ones."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aws_exports import into_folder, table

from collectors.base import CollectError
from collectors.bills.aws.cur import TYPE

COLUMNS = (
    "lineItem/LineItemType",
    "lineItem/UnblendedCost",
    "lineItem/CurrencyCode",
    "lineItem/UsageStartDate",
    "lineItem/UsageEndDate",
)
PLANS = ("SavingsPlanEffectiveCost", "TotalCommitmentToDate", "UsedCommitment")
PLAN_COLUMNS = tuple(f"savingsPlan/{name}" for name in PLANS)
SPLIT = "splitLineItem/ParentResourceId"


def item(kind: str, cost: str, **more: str) -> dict[str, str]:
    plain = dict(zip(COLUMNS, (kind, cost, "USD", "2026-11-19T13:00:00Z", "2026-11-19T14:00:00Z"), strict=True))
    return plain | {f"savingsPlan/{name}": value for name, value in more.items()}


def costs(rows) -> list[tuple[Decimal, Decimal]]:
    return [(row["BilledCost"], row["EffectiveCost"]) for row in rows]


@pytest.fixture
def report(tmp_path: Path):
    """Write a report of one file."""
    write = into_folder(tmp_path)
    return lambda rows, columns=COLUMNS: write("report.csv.gz", table(rows, columns))


def refusal(collecting) -> CollectError:
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path="report.csv.gz")
    return refused.value


def test_a_savings_plan_costs_what_was_used_where_it_was_and_the_rest_where_it_was_bought(report, collecting) -> None:
    report(
        [
            item("SavingsPlanCoveredUsage", "10", SavingsPlanEffectiveCost="6"),
            item("SavingsPlanNegation", "-10"),
            item("SavingsPlanRecurringFee", "8", TotalCommitmentToDate="8", UsedCommitment="6"),
        ],
        (*COLUMNS, *PLAN_COLUMNS),
    )
    rows = collecting.read(TYPE, path="report.csv.gz").rows
    assert costs(rows) == [(10, 6), (-10, 0), (8, 0), (0, 2)]
    assert sum(billed for billed, _ in costs(rows)) == sum(effective for _, effective in costs(rows)) == 8
    assert (rows[-1]["ChargeCategory"], rows[-1]["CommitmentDiscountStatus"]) == ("Usage", "Unused")


def test_a_report_without_the_columns_of_amortisation_costs_what_it_bills(report, collecting) -> None:
    report([item("SavingsPlanCoveredUsage", "10"), item("SavingsPlanNegation", "-10")])
    assert costs(collecting.read(TYPE, path="report.csv.gz").rows) == [(10, 10), (-10, -10)]


def test_a_missing_effective_cost_is_told_under_its_name_in_the_file(report, collecting) -> None:
    report([item("SavingsPlanCoveredUsage", "10"), item("Usage", "1.2.3")], (*COLUMNS, *PLAN_COLUMNS))
    said = str(refusal(collecting))
    assert "row 1, savings_plan_savings_plan_effective_cost: is missing" in said
    assert "row 2, line_item_unblended_cost = '1.2.3': is not a number" in said


def test_split_rows_count_once_and_the_origins_of_others_stay_their_rows(report, collecting) -> None:
    pod = item("Usage", "0.0") | {SPLIT: "i-1"}
    report([item("Usage", "5"), pod, item("Usage", "7")], (*COLUMNS, SPLIT))
    collected = collecting.read(TYPE, path="report.csv.gz")
    assert [row["x_Origin"] for row in collected.rows] == ["report.csv.gz:1", "report.csv.gz:3"]
    assert collected.reading.files[0].sums["BilledCost"] == 12


def test_a_split_row_that_bills_something_is_refused_rather_than_lost(report, collecting) -> None:
    report([item("Usage", "0.5") | {SPLIT: "i-1"}], (*COLUMNS, SPLIT))
    assert "row 1, line_item_unblended_cost = '0.5': is a split row" in str(refusal(collecting))


def test_parquet_of_cur_2_with_maps_doubles_and_times_is_read(tmp_path: Path, collecting) -> None:
    texts = pa.map_(pa.string(), pa.string())
    start = datetime(2026, 11, 1, tzinfo=UTC)
    columns = {
        "line_item_line_item_type": pa.array(["Usage", "Tax"]),
        "line_item_unblended_cost": pa.array([0.1, 4.5]),
        "line_item_currency_code": pa.array(["USD", "USD"]),
        "line_item_usage_start_date": pa.array([start, start], pa.timestamp("ms")),
        "line_item_usage_end_date": pa.array([start.replace(hour=1), start.replace(day=30)], pa.timestamp("ms")),
        "resource_tags": pa.array([[("user_team", "ads"), ("aws_eks_node", "n1")], None], texts),
        "cost_category": pa.array([[("unit", "labs")], None], texts),
        "product": pa.array([[("product_name", "Amazon EC2"), ("region", "eu-west-1")], None], texts),
        "split_line_item_split_usage_ratio": pa.array([None, None], pa.string()),
    }
    pq.write_table(pa.table(columns), tmp_path / "cur2-00001.snappy.parquet")
    rows = collecting.read(TYPE, path="cur2-00001.snappy.parquet").rows
    assert costs(rows) == [(Decimal("0.1"), Decimal("0.1")), (Decimal("4.5"), Decimal("4.5"))]
    assert [row["Tags"] for row in rows] == [
        [("team", "ads"), ("aws_eks_node", "n1"), ("cost_category/unit", "labs")],
        [],
    ]
    assert [(row["ServiceName"], row["RegionId"]) for row in rows] == [("Amazon EC2", "eu-west-1"), (None, None)]


def test_the_map_of_all_tags_gives_those_of_resources_accounts_and_categories(tmp_path: Path, collecting) -> None:
    pairs = [
        ("resourceTags/user:Team", "ads"),
        ("resourceTags/aws:createdBy", "me"),
        ("accountTag/Team", "labs"),
        ("userAttribute/Department", "X"),
        ("costCategory/unit", "labs"),
    ]
    rows = [
        dict(zip(COLUMNS, item("Usage", "1").values(), strict=True)) | {"tags": pairs, "resource_tags": tags}
        for tags in ([("user_team", "of its own column")], None)
    ]
    texts = pa.map_(pa.string(), pa.string())
    schema = pa.schema([*((name, pa.string()) for name in COLUMNS), ("tags", texts), ("resource_tags", texts)])
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "report.parquet")
    found = [dict(row["Tags"]) for row in collecting.read(TYPE, path="report.parquet").rows]
    every = {
        "Team": "ads",
        "aws:createdBy": "me",
        "accountTag/Team": "labs",
        "userAttribute/Department": "X",
        "cost_category/unit": "labs",
    }
    assert found == [{**every, "team": "of its own column"}, every]


def test_fees_end_with_the_second_they_name_and_instant_ones_last_a_second(report, collecting) -> None:
    month = {COLUMNS[3]: "2026-11-01T00:00:00Z", COLUMNS[4]: "2026-11-30T23:59:59Z"}
    instant = {COLUMNS[4]: "2026-11-19T13:00:00Z"}
    report([item("Tax", "1") | month, item("Fee", "2") | instant])
    ends = [row["ChargePeriodEnd"].isoformat() for row in collecting.read(TYPE, path="report.csv.gz").rows]
    assert ends == ["2026-12-01T00:00:00+00:00", "2026-11-19T13:00:01+00:00"]


def test_a_truncated_report_is_refused(tmp_path: Path, report, collecting) -> None:
    report([item("Usage", str(number)) for number in range(3000)])
    path = tmp_path / "report.csv.gz"
    path.write_bytes(path.read_bytes()[:-20])
    assert "ended before the end-of-stream marker" in str(refusal(collecting))


def test_shuffled_columns_and_tags_that_differ_in_case_lose_nothing(report, collecting) -> None:
    tags = {"resourceTags/user:Team": "Ads", "resourceTags/user:team": "", "resourceTags/user:cost/center": "41"}
    report([item("Usage", "1") | tags], (*tags, *COLUMNS[::-1]))
    [row] = collecting.read(TYPE, path="report.csv.gz").rows
    assert row["Tags"] == [("Team", "Ads"), ("cost/center", "41")]


def test_mixed_currencies_are_kept_apart_and_mixed_encodings_refused(tmp_path: Path, report, collecting) -> None:
    tag = "resourceTags/user:team"
    rows = [item("Usage", "1"), item("Usage", "2") | {COLUMNS[2]: "cny", tag: "Größe"}]
    report(rows, (*COLUMNS, tag))
    assert [row["BillingCurrency"] for row in collecting.read(TYPE, path="report.csv.gz").rows] == ["USD", "CNY"]
    path = tmp_path / "report.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).decode().encode("latin-1")))
    assert "row 2, resourceTags/user:team" in str(refusal(collecting))


def test_what_is_no_report_says_what_it_lacks(report, collecting) -> None:
    report([], ("BilledCost", "BillingCurrency"))
    said = str(refusal(collecting))
    assert "is no Cost and Usage Report: it has no column line_item_unblended_cost, line_item_currency_code" in said
