"""Mistakes that Google Cloud's bill invites, each as a rule that its source keeps."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from bigquery_api import FakeBigQuery, pairs
from exported_rows import credit, row
from hypothesis import given
from hypothesis import strategies as st

from collectors.base import Window
from collectors.bills.gcp.bigquery import TYPE
from collectors.bills.gcp.credits import net_costs, read_credits
from collectors.values.amounts import exact_sum

NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))
AMOUNT = st.decimals(-(10**9), 10**9, places=12)
KIND = st.sampled_from(["COMMITTED_USAGE_DISCOUNT", "SUSTAINED_USAGE_DISCOUNT", "PROMOTION", "FREE_TIER", "A_NEW_TYPE"])


def read(api: FakeBigQuery, collecting, **options: str):
    return collecting.read(TYPE, NOVEMBER, table=api.table, endpoint_url=api.url, **options)


@given(cost=AMOUNT, given_credits=st.lists(st.tuples(KIND, AMOUNT), max_size=4))
def test_what_a_row_and_its_promotions_bill_is_its_cost_and_all_of_its_credits(cost, given_credits) -> None:
    listed = ", ".join(f'{{"type": "{kind}", "amount": {amount}}}' for kind, amount in given_credits)
    [found], faults = read_credits(pa.array([f"[{listed}]"]))
    [net] = net_costs(pa.array([f"{cost:f}"]), [found]).to_pylist()
    billed = exact_sum([Decimal(net), *(promotion.amount for promotion in found.promotions)])
    assert (faults, billed) == ((), exact_sum([cost, *(amount for _, amount in given_credits)]))


def test_credits_lower_the_cost_of_their_row_once_and_do_not_multiply_it(fake_bigquery, collecting) -> None:
    given = [credit("COMMITTED_USAGE_DISCOUNT", -3.0), credit("DISCOUNT", -0.1), credit("FREE_TIER", -0.2)]
    [charge] = read(fake_bigquery([row(credits=given)]), collecting).rows
    costs = {name: charge[name] for name in ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")}
    net = Decimal("6.7")
    assert costs == {"BilledCost": net, "EffectiveCost": net, "ContractedCost": 10, "ListCost": 10}


def test_a_promotion_is_a_way_of_paying_and_a_credit_of_its_own(fake_bigquery, collecting) -> None:
    api = fake_bigquery([row(credits=[credit("PROMOTION", -4.0), credit("PROMOTION", 0.0)], labels=pairs(team="ml"))])
    usage, promotion = read(api, collecting).rows
    assert (usage["EffectiveCost"], usage["ChargeCategory"]) == (10, "Usage")
    assert (promotion["BilledCost"], promotion["EffectiveCost"], promotion["ChargeCategory"]) == (-4, -4, "Credit")
    assert promotion["Tags"] == usage["Tags"] == [("team", "ml")]
    assert (promotion["SkuId"], promotion["PricingCategory"]) == (None, None)


def test_costs_keep_the_digits_that_bigquery_wrote_and_go_through_no_float(fake_bigquery, collecting) -> None:
    costs = ["0.1", "0.2", "4.6e-07", "12345678901.123456789", "-0.000000000001"]
    collected = read(fake_bigquery([row(cost=cost) for cost in costs]), collecting)
    assert sorted(charge["BilledCost"] for charge in collected.rows) == sorted(map(Decimal, costs))
    [file] = collected.reading.files
    assert file.sums["BilledCost"] == Decimal("12345678901.423457248999")


def test_currencies_are_never_added_up_across_each_other(fake_bigquery, collecting) -> None:
    collected = read(fake_bigquery([row(), row(currency="EUR", cost=7.0)]), collecting)
    assert {(charge["BillingCurrency"], charge["BilledCost"]) for charge in collected.rows} == {("USD", 10), ("EUR", 7)}
    assert collected.reading.files[0].currency is None


def test_an_invoice_month_is_pacific_and_a_charge_belongs_to_its_day_in_utc(fake_bigquery, collecting) -> None:
    rows = [row("2026-11-01T06:00:00Z", invoice={"month": "202610"}), row("2026-11-01T07:00:00Z")]
    first, second = sorted(read(fake_bigquery(rows), collecting).rows, key=lambda charge: charge["ChargePeriodStart"])
    assert [charge["x_Day"].isoformat() for charge in (first, second)] == ["2026-11-01", "2026-11-01"]
    assert first["BillingPeriodEnd"] == second["BillingPeriodStart"] == datetime(2026, 11, 1, 7, tzinfo=UTC)
    assert second["BillingPeriodEnd"] == datetime(2026, 12, 1, 8, tzinfo=UTC), "daylight saving time ends in between"


def test_late_usage_counts_on_its_day_and_in_the_next_invoice(fake_bigquery, collecting) -> None:
    [charge] = read(fake_bigquery([row("2026-11-17T05:00:00Z", invoice={"month": "202612"})]), collecting).rows
    assert charge["x_Day"].isoformat() == "2026-11-17"
    assert charge["BillingPeriodStart"] == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_late_rows_are_added_and_nothing_counts_twice_when_a_day_is_read_again(fake_bigquery, collecting) -> None:
    api = fake_bigquery([row(cost=1.0), row(cost=2.0)])
    before = {(charge["x_Origin"], charge["BilledCost"]) for charge in read(api, collecting).rows}
    api.rows.append(row(cost=0.5, export_time="2026-11-19T09:00:00Z"))
    after = [(charge["x_Origin"], charge["BilledCost"]) for charge in read(api, collecting).rows]
    assert set(after) == before | {(f"{api.table} 2026-11-17T05Z:3", Decimal("0.5"))}
    assert len(after) == 3


def test_a_commitments_fee_comes_by_the_hour_and_what_it_covers_is_not_charged_again(fake_bigquery, collecting) -> None:
    fee = row(cost=6.3, sku={"id": "F", "description": "Commitment v1: Cpu in Americas for 1 Year"})
    covered = row(credits=[credit("COMMITTED_USAGE_DISCOUNT", -10.0)], export_time="2026-11-19T07:00:00Z")
    bought, used = read(fake_bigquery([fee, covered]), collecting).rows
    assert (bought["ChargeCategory"], bought["EffectiveCost"]) == ("Purchase", Decimal("6.3"))
    assert (used["EffectiveCost"], used["ListCost"], used["PricingCategory"]) == (0, 10, "Committed")
    assert (used["CommitmentDiscountStatus"], used["CommitmentDiscountCategory"]) == ("Used", "Usage")


def test_usage_and_its_list_price_are_kept_beside_the_cost_that_the_invoice_has(fake_bigquery, collecting) -> None:
    used = {"amount": 7200.0, "unit": "seconds", "amount_in_pricing_units": 2.0, "pricing_unit": "hour"}
    price = {"effective_price": "400", "list_price": "500", "tier_start_amount": "0", "pricing_unit_quantity": "100"}
    [charge] = read(fake_bigquery([row(cost=8.0, cost_at_list=10.0, usage=used, price=price)]), collecting).rows
    assert (charge["BilledCost"], charge["ListCost"]) == (8, 10)
    assert (charge["ListUnitPrice"], charge["ContractedUnitPrice"]) == (5, 4), "of one unit, where 100 are priced"
    assert (charge["PricingQuantity"], charge["ConsumedQuantity"]) == (2, 7200)


def test_what_has_no_project_is_a_bucket_of_its_own_and_is_kept(fake_bigquery, collecting) -> None:
    rows = [row(cost=3.0, project=None), row(cost=4.0, project={"id": "", "name": "", "labels": []})]
    charges = read(fake_bigquery(rows), collecting).rows
    assert sum(charge["BilledCost"] for charge in charges) == 7
    assert {charge["SubAccountId"] for charge in charges} == {None}


def test_rows_of_a_namespace_are_parts_of_their_machine_and_are_all_kept(fake_bigquery, collecting) -> None:
    names = ("train", "kube:unallocated", "kube:system-overhead")
    rows = [row(cost=2.5, labels=pairs(k8s__namespace=name)) for name in names]
    charges = read(fake_bigquery(rows), collecting).rows
    assert {dict(charge["Tags"])["k8s-namespace"] for charge in charges} == set(names)
    assert sum(charge["BilledCost"] for charge in charges) == Decimal("7.5")


@pytest.mark.parametrize(
    ("description", "category"),
    [
        ("Spot Preemptible A2 Instance Core running in Americas", "Dynamic"),
        ("Nvidia Tesla A100 GPU attached to Spot Preemptible VMs running in Americas", "Dynamic"),
        ("Preemptible N1 Instance Core running in Americas", "Dynamic"),
        ("A2 Instance Core running in Americas", "Standard"),
    ],
)
def test_a_gpu_its_cpus_and_memory_are_charges_apart_and_spot_prices_are_told(
    description: str, category: str, fake_bigquery, collecting
) -> None:
    [charge] = read(fake_bigquery([row(sku={"id": "A", "description": description})]), collecting).rows
    assert (charge["PricingCategory"], charge["SkuMeter"]) == (category, description)
