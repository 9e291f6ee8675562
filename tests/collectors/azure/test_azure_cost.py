"""Actual and amortised costs of Azure: joined, alone, halved, and broken in the ways that exports break."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aws_exports import into_folder
from azure_exports import folder_of, table, write_manifest, write_run
from hypothesis import given
from hypothesis import strategies as st

from collectors.base import CollectError, SourceSettings
from collectors.bills.azure.cost import TYPE

SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "azure" / "azure_ea_anonymous.csv"
SUBMITTED = "2026-11-20T05:00:00"
PLAN = {"PricingModel": "SavingsPlan", "benefitId": "/plans/1", "benefitName": "plan"}


def row(cost: str, **changed: str) -> dict[str, str]:
    plain = {"CostInBillingCurrency": cost, "BillingCurrencyCode": "EUR", "Date": "11/19/2026", "ChargeType": "Usage"}
    return plain | {"PricingModel": "OnDemand", "benefitId": "", "benefitName": "", "Tags": ""} | changed


def write_both(tmp_path: Path, actual: list[dict[str, str]], amortized: list[dict[str, str]]) -> None:
    write = into_folder(tmp_path)
    write_run(write, folder_of("5b1f", export="a"), SUBMITTED, actual, type="ActualCost")
    write_run(write, folder_of("77aa", export="b"), SUBMITTED, amortized, type="AmortizedCost")


def pairs(collecting, **options) -> list[tuple[str, str]]:
    rows = collecting.read(TYPE, path="exports", **options).rows
    return [(f"{one['BilledCost'].normalize():f}", f"{one['EffectiveCost'].normalize():f}") for one in rows]


def refusal(collecting, **options) -> CollectError:
    with pytest.raises(CollectError) as refused:
        collecting.read(TYPE, path="exports", **options)
    return refused.value


def a_month() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    usage = row("10")
    actual = [usage, row("0", **PLAN), row("240", ChargeType="Purchase", **PLAN)]
    amortized = [usage, row("190.5", **PLAN), row("49.5", ChargeType="UnusedSavingsPlan", **PLAN)]
    return actual, amortized


def test_both_exports_are_one_bill_with_the_invoice_and_the_amortised_cost(tmp_path, collecting) -> None:
    write_both(tmp_path, *a_month())
    assert pairs(collecting) == [("10", "10"), ("0", "190.5"), ("0", "49.5"), ("240", "0")]
    assert len(collecting.read(TYPE, path="exports").reading.whole) == 1


def test_each_export_can_be_read_alone(tmp_path, collecting) -> None:
    write_both(tmp_path, *a_month())
    assert pairs(collecting, kind="actual") == [("10", "10"), ("0", "0"), ("240", "240")]
    assert pairs(collecting, kind="amortized") == [("10", "10"), ("0", "190.5"), ("0", "49.5")]


MONEY = st.decimals(-1000, 1000, places=6).map(str)


@pytest.mark.slow
@given(usage=st.lists(MONEY, max_size=5), bought=st.lists(MONEY, max_size=3), covered=st.lists(MONEY, max_size=4))
def test_billed_sums_to_the_actual_and_effective_to_the_amortised_export(
    tmp_path_factory, usage, bought, covered
) -> None:
    folder = tmp_path_factory.mktemp("both")
    actual = [*map(row, usage), *(row(cost, ChargeType="Purchase", **PLAN) for cost in bought)]
    actual += [row("0.000", **PLAN) for _ in covered]
    amortized = [*map(row, usage), *(row(cost, **PLAN) for cost in covered)]
    write_both(folder, [*actual, row("1")], [*amortized, row("1")])
    collector = TYPE.build(SourceSettings("s", {"path": "exports"}, folder, lambda: datetime(2026, 11, 20, tzinfo=UTC)))
    rows = [one for batch in collector.collect(None) for one in batch.to_pylist()]
    assert sum(one["BilledCost"] for one in rows) == 1 + sum(map(Decimal, [*usage, *bought]))
    assert sum(one["EffectiveCost"] for one in rows) == 1 + sum(map(Decimal, [*usage, *covered]))


def test_a_covered_row_that_costs_something_in_the_actual_export_is_billed(tmp_path, collecting) -> None:
    write_both(tmp_path, [row("0.5", **PLAN), row("1E-7", **PLAN), row("0E-7", **PLAN)], [row("3", **PLAN)])
    assert pairs(collecting) == [("0", "3"), ("0.5", "0"), ("0.0000001", "0")]


def test_a_month_that_has_only_one_of_both_is_waited_for(tmp_path, collecting) -> None:
    write_both(tmp_path, *a_month())
    december = [row("1", Date="12/01/2026")]
    folder = folder_of("99", "2026-12", export="a")
    write_run(into_folder(tmp_path), folder, "2026-12-01T05:00:00", december, type="ActualCost")
    error = refusal(collecting)
    assert not error.permanent
    assert "2026-12 of /providers/microsoft.billing/billingaccounts/123 has actual costs and no amortized" in str(error)
    assert "choose kind: actual" in str(error)
    assert len(pairs(collecting, kind="actual")) == 4


def test_files_without_manifests_are_told_by_their_names(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    actual, amortized = a_month()
    write("exports/november-actual.csv", table(actual))
    error = refusal(collecting)
    assert error.permanent
    assert "needs files of which the names tell actual and amortized" in str(error)
    write("exports/november-amortised.csv.gz", gzip.compress(table(amortized)))
    assert len(pairs(collecting)) == 4
    assert len(pairs(collecting, kind="actual")) == 3


def test_the_newest_run_of_each_export_counts_and_changes_the_revision(tmp_path, collecting) -> None:
    write_both(tmp_path, *a_month())
    collector = collecting.build(TYPE, path="exports")
    before = collector.revision()
    for export, kind in (("a", "ActualCost"), ("b", "AmortizedCost")):
        write_run(into_folder(tmp_path), folder_of("88", export=export), "2026-11-21T05:00:00", [row("7")], type=kind)
    assert pairs(collecting) == [("7", "7")]
    assert collector.revision() != before


def test_columns_in_any_order_spelling_and_date_lose_nothing(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    spelled = {"tags": '{"team": "ads"}', "date": "2026-11-19", "billingCurrency": "eur", "costInBillingCurrency": "2"}
    write("exports/1.csv", table([{**row("1", Tags='"team": "ads","env": "prod",'), "New": "?"}]))
    write("exports/2.csv", table([spelled]))
    paid = {"UsageDateTime": "2026-11-19T00:00:00Z", "PreTaxCost": "3", "Currency": "USD", "Subscription GUID": "x"}
    write("exports/3.csv", table([paid]))
    rows = collecting.read(TYPE, path="exports", kind="actual").rows
    assert [(one["BilledCost"], one["BillingCurrency"], one["SubAccountId"]) for one in rows] == [
        (1, "EUR", None),
        (2, "EUR", None),
        (3, "USD", "/subscriptions/x"),
    ]
    assert [one["Tags"] for one in rows] == [[("team", "ads"), ("env", "prod")], [("team", "ads")], None]
    assert {one["ChargePeriodStart"] for one in rows} == {datetime(2026, 11, 19, tzinfo=UTC)}


def test_parquet_gives_what_the_text_gives(tmp_path, collecting) -> None:
    folder = folder_of("5b1f", export="a")
    (tmp_path / folder).mkdir(parents=True)
    columns = {
        "costInBillingCurrency": pa.array([Decimal("0.1"), Decimal("-0.0000031")], pa.decimal128(38, 18)),
        "billingCurrency": pa.array(["USD", "USD"]),
        "date": pa.array(
            [datetime(2026, 11, 19, 5, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)], pa.timestamp("ms", "UTC")
        ),
        "tags": pa.array(['"team": "ads"', None]),
    }
    pq.write_table(pa.table(columns), tmp_path / folder / "part_0_0001.snappy.parquet")
    names = [f"{folder}/part_0_0001.snappy.parquet"]
    write_manifest(into_folder(tmp_path), folder, names, SUBMITTED, type="ActualCost")
    rows = collecting.read(TYPE, path="exports", kind="actual").rows
    assert [(one["BilledCost"], one["ChargePeriodStart"].day, one["Tags"]) for one in rows] == [
        (Decimal("0.1"), 19, [("team", "ads")]),
        (Decimal("-0.0000031"), 20, None),
    ]


def test_every_wrong_value_is_told_at_once(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    rows = [row("1,5"), row("1", Date="19/11/2026"), row("1", Tags="team=ads"), row("1", BillingCurrencyCode="?")]
    write("exports/1.csv", table(rows))
    error = refusal(collecting, kind="actual")
    assert error.permanent
    assert [(problem.row, problem.field, problem.value) for problem in error.problems] == [
        (2, "Date", "19/11/2026"),
        (1, "CostInBillingCurrency", "1,5"),
        (4, "BillingCurrency", "?"),
        (3, "Tags", "{team=ads}"),
    ]


def test_truncated_files_and_foreign_bytes_are_refused_by_name(tmp_path, collecting) -> None:
    write = into_folder(tmp_path)
    write("exports/1.csv.gz", gzip.compress(table([row("1")] * 3000))[:-20])
    write("exports/2.csv", table([row("1", Tags='"team": "Größe"')]).decode("utf-8-sig").encode("latin-1"))
    write("exports/3.csv", table([{"BilledCost": "1", "BillingCurrency": "USD"}]))
    text = str(refusal(collecting, kind="actual"))
    assert "1.csv.gz: cannot be read: Compressed file ended" in text
    assert "2.csv, row 1, Tags" in text
    assert "3.csv: is no cost export of Azure: it has no column CostInBillingCurrency, Date" in text


def test_a_real_export_of_an_enterprise_agreement_is_read_to_the_last_decimal(collecting) -> None:
    if not SAMPLE.exists():
        pytest.skip("the sample of an enterprise agreement is not beside this checkout")
    collected = collecting.read(TYPE, path=str(SAMPLE), kind="actual")
    [read] = collected.reading.files
    assert (read.rows, read.currency) == (27, "CAD")
    assert all(one["Tags"] for one in collected.rows)
    assert {one["ChargePeriodStart"].date().isoformat()[:7] for one in collected.rows} == {"2023-09"}
