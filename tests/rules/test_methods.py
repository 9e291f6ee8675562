"""Every method by the book: proportional, idle, activity, cost, follow and step-down."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

DAY = datetime(2026, 10, 14, tzinfo=UTC)
TEAMS = "teams: {search: , ads: , platform: , data: }\n"


def rules(*lines):
    return TEAMS + "rules:\n" + "".join(f"  - {line}\n" for line in lines)


def by_fallback(engine, attribution):
    return {(row.team, row.fallback): row.cost for row in engine.rows(attribution)}


def test_a_daily_charge_in_an_hourly_split_uses_its_hours_together(engine, charge, used):
    usage = [used("gpu.hours", "search", 1, hour=2), used("gpu.hours", "ads", 3, hour=20)]
    text = rules("{name: r, split: {by: gpu.hours, pool: pool, per: hour}}")
    assert engine.by_team(text, [charge(100)], usage) == {"search": Decimal(25), "ads": Decimal(75)}


def test_only_the_teams_among_take_part_and_unknown_users_bear_their_own_part(engine, charge, used):
    usage = [used("requests", "search", 1), used("requests", "ads", 1), used("requests", None, 2)]
    everyone = engine.by_team(rules("{split: {by: requests}}"), [charge(100)], usage)
    assert everyone == {"search": Decimal(25), "ads": Decimal(25), "unattributed": Decimal(50)}
    some = engine.by_team(rules("{split: {by: requests, among: [ads, data]}}"), [charge(100)], usage)
    assert some == {"ads": Decimal(100)}


def test_another_pool_does_not_count_and_an_unnamed_pool_among_several_is_warned_of(engine, charge, used):
    usage = [used("requests", "search", 1), used("requests", "ads", 1, pool="other")]
    assert engine.by_team(rules("{split: {by: requests, pool: pool}}"), [charge(10)], usage) == {"search": Decimal(10)}
    (warning,) = engine.attribute(rules("{name: r, split: {by: requests}}"), [charge(10)], usage).warnings
    assert "rule `r`" in warning
    assert "several pools (other, pool)" in warning


@pytest.mark.parametrize(
    ("without", "covered", "wanted"),
    [
        ("unattributed", True, {("unattributed", "unattributed:zero"): 9}),
        ("unattributed", False, {("unattributed", "unattributed:not_covered"): 9}),
        ("previous", True, {("ads", "previous:zero"): 3, ("search", "previous:zero"): 6}),
        ("{even: [ads, data]}", True, {("ads", "even:zero"): "4.5", ("data", "even:zero"): "4.5"}),
        ("{fixed: {ads: 2, data: 1}}", False, {("ads", "fixed:not_covered"): 6, ("data", "fixed:not_covered"): 3}),
        ("even", True, {(team, "even:zero"): "2.25" for team in ("ads", "data", "platform", "search")}),
    ],
)
def test_a_bucket_without_usage_does_what_the_rule_says_and_the_row_says_why(
    engine, charge, used, without, covered, wanted
):
    usage = [
        used("requests", "search", 2, hour=-30),
        used("requests", "ads", 1, hour=-26),
        used("requests", "data", 9, hour=-60),
        used("requests", "search", 0, hour=3),
    ]
    start = usage[0]["hour"] + timedelta(hours=30)
    spans = [("metrics", start - timedelta(days=9), start + timedelta(hours=24 if covered else 23))]
    text = rules(f"{{split: {{by: requests, pool: pool, without_usage: {without}}}}}")
    found = by_fallback(engine, engine.attribute(text, [charge(9)], usage, spans))
    assert found == {key: Decimal(cost) for key, cost in wanted.items()}


def test_a_bucket_more_than_seven_days_back_is_not_leaned_on(engine, charge, used):
    text = rules("{split: {by: requests, without_usage: previous}}")
    old = [used("requests", "search", 2, hour=-7 * 24 - 1)]
    assert engine.by_team(text, [charge(9)], old) == {"unattributed": Decimal(9)}
    recent = [used("requests", "search", 2, hour=-7 * 24)]
    assert engine.by_team(text, [charge(9)], recent) == {"search": Decimal(9)}


IDLE_USAGE = [("gpu.hours", "search", 6), ("gpu.hours", "ads", 2), ("gpu.busy_hours", "search", 3)]


@pytest.mark.parametrize(
    ("idle", "wanted"),
    [
        ("idle: holder", {("search", ""): 3, ("search", "held"): 3, ("ads", "held"): 2, ("idle", "unallocated"): 2}),
        ("idle: platform", {("search", ""): 3, ("platform", "held"): 5, ("idle", "unallocated"): 2}),
        (
            "idle: spread",
            {("search", ""): 3, ("search", "held"): "3.75", ("ads", "held"): "1.25", ("idle", "unallocated"): 2},
        ),
        (
            "unallocated: data",
            {("search", ""): 3, ("search", "held"): 3, ("ads", "held"): 2, ("data", "unallocated"): 2},
        ),
    ],
)
def test_idle_capacity_is_a_line_of_its_own_by_cause(engine, charge, used, idle, wanted):
    usage = [used(*row) for row in IDLE_USAGE] + [used("gpu.capacity_hours", None, 10)]
    attribution = engine.attribute(rules(f"{{split: {{by: gpu.hours, pool: pool, {idle}}}}}"), [charge(10)], usage)
    found = {(row.team, row.idle_cause): row.cost for row in engine.rows(attribution)}
    assert found == {key: Decimal(cost) for key, cost in wanted.items()}
    assert attribution.warnings == ()


@pytest.mark.parametrize(
    ("idle", "wanted"),
    [
        ("holder", {("search", ""): 2, ("search", "low"): 1, ("search", "held"): 3, ("ads", "held"): 2}),
        ("platform", {("search", ""): 2, ("platform", "low"): 1, ("platform", "held"): 5}),
        (
            "spread",
            {
                ("search", ""): 2,
                ("search", "low"): "0.75",
                ("search", "held"): "3.75",
                ("ads", "low"): "0.25",
                ("ads", "held"): "1.25",
            },
        ),
    ],
)
def test_hours_that_computed_but_little_are_a_line_of_their_own_borne_like_idle_ones(
    engine, charge, used, idle, wanted
):
    low = [used("gpu.low_hours", "search", 1), used("gpu.low_hours", "ads", 5)]
    usage = [used(*row) for row in IDLE_USAGE] + [used("gpu.capacity_hours", None, 8), *low]
    attribution = engine.attribute(rules(f"{{split: {{by: gpu.hours, idle: {idle}}}}}"), [charge(8)], usage)
    found = {(row.team, row.idle_cause): row.cost for row in engine.rows(attribution)}
    assert found == {key: Decimal(cost) for key, cost in wanted.items()}
    assert attribution.warnings == ()


def test_without_capacity_there_is_no_unallocated_line_but_a_warning(engine, charge, used):
    usage = [used(*row) for row in IDLE_USAGE]
    attribution = engine.attribute(rules("{split: {by: gpu.hours, idle: holder}}"), [charge(8)], usage)
    assert {row.idle_cause for row in engine.rows(attribution)} == {"", "held"}
    assert "gpu.capacity_hours" in attribution.warnings[0]


def test_more_held_than_there_is_makes_what_is_held_the_capacity(engine, charge, used):
    usage = [used(*row) for row in IDLE_USAGE] + [used("gpu.capacity_hours", None, 7)]
    text = rules("{split: {by: gpu.hours, idle: holder}}")
    assert engine.by_team(text, [charge(8)], usage) == {"search": Decimal(6), "ads": Decimal(2)}


def test_capacity_that_nobody_held_is_idle_not_missing(engine, charge, used):
    text = rules("{split: {by: gpu.hours, idle: holder, without_usage: previous}}")
    usage = [used("gpu.capacity_hours", None, 7), used("gpu.hours", "ads", 7, hour=-1)]
    assert engine.by_team(text, [charge(8)], usage) == {"idle": Decimal(8)}


ACTIVITY = "{name: pool, activity: {rates: {setups: 100, hours: 2}, pool: pool, rest: platform}}"


def test_claims_above_the_pool_are_scaled_to_it_and_reported(engine, charge, used):
    usage = [used("setups", "search", 3), used("hours", "ads", 50)]
    attribution = engine.attribute(rules(ACTIVITY), [charge(100), charge(100, SubAccountId="2")], usage)
    assert {row.idle_cause for row in engine.rows(attribution)} == {""}
    assert engine.by_team(rules(ACTIVITY), [charge(200)], usage) == {"search": Decimal(150), "ads": Decimal(50)}
    assert "200 % of pool `pool`" in attribution.warnings[0]


@pytest.mark.parametrize(("per", "told"), [("hour", True), ("day", True), ("month", False)])
def test_a_charge_that_lasts_beyond_its_day_is_told_for_its_claims_count_on_days_after_too(
    engine, charge, used, per, told
):
    text = rules(ACTIVITY.replace("rest: platform", f"rest: platform, per: {per}"))
    long = charge(500, ChargePeriodEnd=DAY + timedelta(days=2))
    usage = [used("setups", "search", 1), used("setups", "ads", 2, hour=30)]
    attribution = engine.attribute(text, [long], usage)
    assert {row.team: row.cost for row in engine.rows(attribution)} == {"search": 100, "ads": 200, "platform": 200}
    warned = [text for text in attribution.warnings if "lasts beyond the day" in text and "per: month" in text]
    assert len(warned) == told
    assert not engine.attribute(text, [charge(500), charge(1, hour=23)], usage).warnings[1:]


@pytest.mark.parametrize("cost", [0, -50])
def test_a_pool_that_costs_nothing_goes_wholly_to_the_rest(engine, charge, used, cost):
    attribution = engine.attribute(rules(ACTIVITY), [charge(cost, BilledCost=7)], [used("setups", "search", 3)])
    assert [(row.team, row.idle_cause) for row in engine.rows(attribution)] == [("platform", "rest")]


def test_rules_of_one_pool_share_one_set_of_claims(engine, charge, used):
    first = "{name: a, match: {SubAccountId: '1'}," + ACTIVITY[len("{name: pool,") :]
    second = ACTIVITY
    charges = [charge(300, SubAccountId="1"), charge(100, SubAccountId="2")]
    found = engine.by_team(rules(first, second), charges, [used("setups", "search", 1)])
    assert found == {"search": Decimal(100), "platform": Decimal(300)}


def test_cost_is_split_by_what_each_owner_already_costs(engine, charge):
    text = rules(
        "{name: tag, match: {tags.team: present}, owner: {team: tags.team}}",
        "{name: unused, match: {CommitmentDiscountStatus: Unused}, split: {even: [data]}}",
        "{name: support, match: {ServiceName: Support}, split: {by: cost}}",
        "{name: fees, match: {ServiceName: Fees}, split: {by: cost, among: [ads, data]}}",
    )
    charges = [
        charge(30, tags_team="search"),
        charge(20, tags_team="ads", EffectiveCost=10),
        charge(-5, tags_team="platform"),
        charge(10, CommitmentDiscountStatus="Unused"),
        charge(99),
        charge(10, ServiceName="Support"),
        charge(4, ServiceName="Fees"),
    ]
    rows = engine.rows(engine.attribute(text, charges))
    support = {row.team: row.cost for row in rows if row.rule == "support"}
    assert support == {"search": Decimal(6), "ads": Decimal(2), "data": Decimal(2)}
    assert {row.team: row.cost for row in rows if row.rule == "fees"} == {"ads": Decimal(2), "data": Decimal(2)}


def test_a_tax_follows_what_it_belongs_to_and_drops_the_last_column_first(engine, charge):
    text = rules(
        "{name: tag, match: {tags.team: present}, owner: {team: tags.team}}",
        "{name: tax, match: {ChargeCategory: Tax}, follow: [BillingAccountId, ServiceName]}",
    )
    charges = [
        charge(30, tags_team="search", BillingAccountId="A", ServiceName="Compute"),
        charge(10, tags_team="ads", BillingAccountId="A", ServiceName="Storage"),
        charge(10, tags_team="data", BillingAccountId="B", ServiceName="Storage"),
        charge(-20, tags_team="data", BillingAccountId="B", ServiceName="Compute"),
    ]

    def tax(**columns):
        rows = engine.rows(engine.attribute(text, [*charges, charge(8, ChargeCategory="Tax", **columns)]))
        return {row.team: row.cost for row in rows if row.rule == "tax"}

    assert tax(BillingAccountId="A", ServiceName="Compute") == {"search": Decimal(8)}
    assert tax(BillingAccountId="A", ServiceName="Other") == {"search": Decimal(6), "ads": Decimal(2)}
    assert tax(BillingAccountId="A") == {"search": Decimal(6), "ads": Decimal(2)}
    assert tax(BillingAccountId="B", ServiceName="Compute") == {"unattributed": Decimal(8)}
    assert tax(ServiceName="Compute") == {"unattributed": Decimal(8)}


def test_where_the_effective_cost_is_zero_the_others_split_by_the_same_weights(engine, charge, used):
    usage = [used("requests", "search", 1), used("requests", "ads", 3)]
    attribution = engine.attribute(rules("{split: {by: requests}}"), [charge(0, BilledCost=8, ListCost=-4)], usage)
    found = engine.connection.execute(
        f"SELECT team, BilledCost, EffectiveCost, ListCost FROM {attribution.allocations} ORDER BY team"
    ).fetchall()
    assert found == [("ads", 6, 0, -3), ("search", 2, 0, -1)]
