"""The four bills are FOCUS, exact, and as unclean as real ones."""

import json
from collections import defaultdict
from decimal import Decimal

import pytest

MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
SOURCES = ("aws", "azure", "gcp", "llm")


@pytest.fixture(scope="module")
def everything(demo):
    return {source: demo.bill(source) for source in SOURCES}


def test_as_many_charges_are_written_as_were_asked_for(demo, everything):
    assert {source: len(rows) for source, rows in everything.items()} == demo.report.charges
    assert sum(demo.report.charges.values()) == demo.plan.charges


def test_no_amount_is_finer_than_twelve_decimals_and_some_use_them_all(everything):
    places = [
        -Decimal(row[column]).normalize().as_tuple().exponent
        for rows in everything.values()
        for row in rows
        for column in MONEY
    ]
    assert max(places) == 12


def test_list_cost_of_usage_is_quantity_times_list_price_to_the_last_digit(everything):
    usage = [row for rows in everything.values() for row in rows if row["ListUnitPrice"]]
    assert len(usage) > 19_000
    for row in usage:
        assert Decimal(row["ListCost"]) == Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"])


def test_every_full_day_before_today_is_billed_by_every_source(demo, everything):
    for source, rows in everything.items():
        days = {row["ChargePeriodStart"][:10] for row in rows}
        assert len(days) == demo.plan.days, source
        assert min(days) == demo.plan.first.isoformat()
        assert max(days) < demo.plan.today.isoformat()


def test_a_commitment_pays_exactly_for_what_it_covered_and_what_nobody_used(demo, everything):
    paid, owed = defaultdict(Decimal), defaultdict(Decimal)
    for row in everything["aws"]:
        day = row["ChargePeriodStart"][:10]
        if row["ChargeCategory"] == "Purchase" and row["CommitmentDiscountId"]:
            assert Decimal(row["EffectiveCost"]) == 0
            paid[day] += Decimal(row["BilledCost"])
        elif row["CommitmentDiscountStatus"]:
            assert Decimal(row["BilledCost"]) == 0
            owed[day] += Decimal(row["EffectiveCost"])
    assert paid == owed
    assert len(paid) == demo.plan.days


def test_taxes_credits_refunds_purchases_and_unused_commitments_are_all_there(everything):
    rows = [row for rows in everything.values() for row in rows]
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Purchase", "Tax", "Credit"}
    assert all(Decimal(row["BilledCost"]) < 0 for row in rows if row["ChargeCategory"] == "Credit")
    assert [row for row in rows if row["ChargeClass"] == "Correction" and Decimal(row["BilledCost"]) < 0]
    assert {row.get("CommitmentDiscountStatus", "") for row in rows} == {"", "Used", "Unused"}


def test_charges_are_hourly_and_daily_and_monthly(everything):
    lengths = {_hours(row) for row in everything["aws"]}
    assert {1, 24, 30 * 24} <= lengths


def test_people_spell_their_team_in_several_ways_and_one_spelling_names_nobody(everything):
    tags = [json.loads(row["Tags"]) for row in everything["aws"] if row["Tags"]]
    spelled = {each["team"] for each in tags if "team" in each}
    assert {"search", "Search", "srch", "advertising", "srhc"} <= spelled
    assert any("team" not in each for each in tags)


def test_google_cloud_writes_null_and_times_without_a_zone(demo):
    text = next((demo.folder / "bills" / "gcp").iterdir()).read_text(encoding="utf-8")
    assert '"NULL"' in text
    assert "T00:00:00" not in text
    assert "InvoiceIssuerName" not in text


def test_the_tokens_billed_are_the_tokens_counted(demo, everything):
    counted, billed = defaultdict(Decimal), defaultdict(Decimal)
    for row in demo.usage("tokens"):
        if row["metric"] != "requests" and row["hour"][:10] < demo.plan.today.isoformat():
            counted[row["api_key"], row["model"], row["metric"]] += Decimal(row["quantity"])
    for row in everything["llm"]:
        tags = json.loads(row["Tags"])
        metric = row["SkuId"].split("/")[1]
        billed[tags["api_key"], tags["model"], metric] += Decimal(row["ConsumedQuantity"]) * 1_000_000
    assert billed == counted


def _hours(row):
    from datetime import datetime

    start, end = (datetime.fromisoformat(row[f"ChargePeriod{edge}"]) for edge in ("Start", "End"))
    return int((end - start).total_seconds() // 3600)
