"""Activity over a month: claims are held against what the pool costs in all of it, whichever day is attributed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from days_of_month import each_day

from rules.month import needs_costs, needs_month
from rules.pools import needs_pools

RULES = """
teams: {search: , ads: , platform: }
rules:
  - {name: nodes, match: {ServiceName: Nodes},
     activity: {rates: {setups: 100}, pool: pool, rest: platform, per: month}}
  - {name: disks, match: {ServiceName: Disks},
     activity: {rates: {setups: 100}, pool: pool, rest: platform, per: month}}
"""
DAILY = RULES.replace(", per: month", "")


@pytest.fixture
def on(charge):
    """A charge of the pool that begins some days after the first one."""

    def make(day, cost, days=1, **columns):
        start = charge()["ChargePeriodStart"] + timedelta(days=day)
        end = start + timedelta(days=days)
        return charge(cost, **{"ChargePeriodStart": start, "ChargePeriodEnd": end, "ServiceName": "Nodes", **columns})

    return make


@pytest.fixture
def by_day(engine):
    """(cost by team and idle cause, warnings) of each day."""

    def work(charges, usage, rules=RULES):
        found = []
        for attribution in each_day(engine, engine.rules(rules), charges, usage):
            rows = engine.rows(attribution)
            found.append(({(row.team, row.idle_cause): row.cost for row in rows}, attribution.warnings))
        return found

    return work


def test_a_day_bears_its_part_of_the_months_claims(on, by_day, used):
    usage = [used("setups", "search", 1, hour=2), used("setups", "ads", Decimal("0.5"), hour=50)]
    assert by_day([on(0, 120), on(1, 300), on(2, -120)], usage) == [
        ({("search", ""): cost / 3, ("ads", ""): cost / 6, ("platform", "rest"): cost / 2}, ())
        for cost in (Decimal(120), Decimal(300), Decimal(-120))
    ]


def test_rules_of_one_pool_share_its_claims_over_the_days(on, by_day, used):
    charges = [on(0, 150), on(1, 50, ServiceName="Disks")]
    nodes, disks = by_day(charges, [used("setups", "search", 1, hour=30)])
    assert nodes[0] == {("search", ""): Decimal(75), ("platform", "rest"): Decimal(75)}
    assert disks[0] == {("search", ""): Decimal(25), ("platform", "rest"): Decimal(25)}


def test_claims_above_the_months_pool_are_scaled_to_it_and_every_day_says_the_same(on, by_day, used):
    usage = [used("setups", "search", 3), used("setups", "ads", 1, hour=24)]
    said = (
        "rule `nodes`: the rates claim 400.00 of 200.00, 200 % of pool `pool` (USD, 2026-10-01 to 2026-10-31):"
        " scaled to it"
    )
    assert by_day([on(0, 40), on(5, 160)], usage) == [
        ({("search", ""): Decimal(30), ("ads", ""): Decimal(10)}, (said,)),
        ({("search", ""): Decimal(120), ("ads", ""): Decimal(40)}, (said,)),
    ]


def test_a_pool_that_costs_nothing_over_the_month_goes_to_the_rest_on_every_day(on, by_day, used):
    found = by_day([on(0, 40), on(1, -40)], [used("setups", "search", 1)])
    assert [rows for rows, _ in found] == [{("platform", "rest"): Decimal(40)}, {("platform", "rest"): Decimal(-40)}]


def test_usage_counts_as_far_as_the_charges_of_any_day_reach(on, by_day, used):
    usage = [used("setups", "search", 1, hour=24 * 18)]
    october, november = on(0, 100), on(17, 300, days=2)
    half = [{("search", ""): Decimal(25), ("platform", "rest"): Decimal(75)}]
    assert [rows for rows, _ in by_day([october], usage)] == [{("platform", "rest"): Decimal(100)}]
    assert [rows for rows, _ in by_day([october, november], usage)][:1] == half


def test_another_currency_on_another_day_is_a_pool_of_its_own_and_told(on, by_day, used):
    first, second = by_day([on(0, 200), on(1, 100, BillingCurrency="EUR")], [used("setups", "search", 1)])
    assert first[0] == {("search", ""): Decimal(100), ("platform", "rest"): Decimal(100)}
    assert second[0] == {("search", ""): Decimal(100)}
    assert (
        first[1] == second[1] == ("rule `nodes`: pool `pool` is billed in EUR, USD: the rates are taken in each alike",)
    )


def test_a_daily_pool_is_held_against_its_own_day_alone(on, by_day, used):
    found = by_day([on(0, 200), on(1, 200)], [used("setups", "search", 1)], DAILY)
    assert [rows for rows, _ in found] == [
        {("search", ""): Decimal(100), ("platform", "rest"): Decimal(100)},
        {("platform", "rest"): Decimal(200)},
    ]


def test_only_activity_over_a_month_needs_its_pools(engine):
    found = [
        (needs_month(rules), needs_pools(rules), needs_costs(rules)) for rules in map(engine.rules, (RULES, DAILY))
    ]
    assert found == [(True, True, False), (False, False, False)]


def test_a_day_alone_says_that_it_does_not_know_the_month(engine, on, used):
    attribution = engine.attribute(RULES, [on(0, 200)], [used("setups", "search", 1)])
    assert attribution.warnings == ("rule `nodes`: weighed by the charges at hand, not by the whole month",)
