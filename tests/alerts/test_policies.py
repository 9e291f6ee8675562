"""Policy rules: each limit from both sides, floors, and one alert for several reasons."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.alert import ChartPoint, Contributor, Findings
from alerts.detect.policies.policies import breaches_of, policy_findings, with_policies
from alerts.detect.policies.rules import DayUse, Held, HourCost, HourUse, PolicyRule
from alerts.detect.spend_series import SpendDay, SpendSeries

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
FREE = Decimal(0)


def series(*newest, usual=100, days=30, team="search", service="EC2", complete=True):
    """`days` days at the usual cost, then the newest, of which the last is today and incomplete."""
    amounts = [*([usual] * days), *newest]
    first = TODAY - timedelta(days=len(amounts) - 1)
    found = tuple(
        SpendDay(first + timedelta(days=place), Decimal(str(amount)), complete or place < len(amounts) - 1)
        for place, amount in enumerate(amounts)
    )
    return SpendSeries(team, service, "USD", None, found)


def keys(rule, held, now=NOW):
    return [alert.key for alert in policy_findings(breaches_of([rule], held, now), now).alerts]


@pytest.mark.parametrize(("cost", "fires"), [(200, True), (199, False)])
def test_a_day_at_twice_the_normal_or_more_fires(cost, fires):
    rule = PolicyRule("doubled", "daily_spend", factor=Decimal(2))
    held = Held(spend=[series(cost, complete=False)])
    assert keys(rule, held) == (["policy:search:EC2:2026-11-20"] if fires else [])


def test_the_floor_is_held_against_what_is_above_normal():
    held = Held(spend=[series(60, usual=20)])
    rule = PolicyRule("doubled", "daily_spend", factor=Decimal(2), floor=Decimal(40))
    assert keys(rule, held) == ["policy:search:EC2:2026-11-20"]
    assert keys(replace(rule, floor=Decimal(41)), held) == []


def test_a_week_of_history_makes_a_normal_and_less_does_not():
    rule = PolicyRule("doubled", "daily_spend", factor=Decimal(2))
    assert keys(rule, Held(spend=[series(500, days=7)])) == ["policy:search:EC2:2026-11-20"]
    assert keys(rule, Held(spend=[series(500, days=6)])) == []


def test_days_in_a_row_are_one_alert_that_ends_two_days_after_the_last():
    rule = PolicyRule("doubled", "daily_spend", factor=Decimal(2))
    held = Held(spend=[series(300, 310, 320)])
    assert keys(rule, held) == ["policy:search:EC2:2026-11-18"]
    assert keys(rule, held, NOW + timedelta(days=2)) == ["policy:search:EC2:2026-11-18"]
    assert keys(rule, held, NOW + timedelta(days=3)) == []


def test_a_rule_is_for_its_teams_alone():
    rule = PolicyRule("doubled", "daily_spend", factor=Decimal(2), teams=("ads-*",))
    held = Held(spend=[series(300), series(300, team="ads-eu")])
    assert keys(rule, held) == ["policy:ads-eu:EC2:2026-11-20"]


@pytest.mark.parametrize(("cost", "fires"), [(120, False), (121, True)])
def test_the_whole_teams_day_is_held_against_its_part_of_the_budget(cost, fires):
    rule = PolicyRule("over", "daily_budget", factor=Decimal(120), floor=FREE)
    half = Decimal(cost) / 2
    held = Held(spend=[series(half, usual=0), series(half, usual=0, service="S3")], budgets={"search": Decimal(3000)})
    assert keys(rule, held) == (["policy:search:*:2026-11-20"] if fires else [])


@pytest.mark.parametrize(("cost", "hour", "fires"), [(80, 12, True), (79, 12, False), (80, 19, True), (95, 20, False)])
def test_four_fifths_of_the_expected_day_fire_only_before_that_part_of_the_day_is_over(cost, hour, fires):
    rule = PolicyRule("early", "expected_day", factor=Decimal(80), floor=FREE)
    now = NOW.replace(hour=hour)
    assert keys(rule, Held(spend=[series(cost, complete=False)]), now) == (
        ["policy:search:*:2026-11-20"] if fires else []
    )


def hours(*costs, first=datetime(2026, 11, 19, tzinfo=UTC), **names):
    of = {"team": "search", "service": "Bedrock", "currency": "USD"} | names
    return [
        HourCost(hour=first + timedelta(hours=place), cost=Decimal(str(cost)), **of) for place, cost in enumerate(costs)
    ]


@pytest.mark.parametrize(("cost", "fires"), [(30, True), (29, False)])
def test_an_hour_is_held_against_the_average_hour_of_the_day_before(cost, fires):
    rule = PolicyRule("hour", "hour", factor=Decimal(3), floor=FREE)
    held = Held(hours=hours(*[10] * 24, 10, cost))
    assert keys(rule, held) == (["policy:search:Bedrock:2026-11-20"] if fires else [])


def test_a_day_before_that_cost_nothing_is_no_measure():
    rule = PolicyRule("hour", "hour", factor=Decimal(3), floor=FREE)
    assert keys(rule, Held(hours=hours(500, first=datetime(2026, 11, 20, tzinfo=UTC)))) == []


def uses(*quantities, metric="requests", team="search", pool="", model=""):
    first = datetime(2026, 11, 20, tzinfo=UTC)
    return [
        HourUse(team, metric, pool, model, first + timedelta(hours=place), Decimal(str(quantity)))
        for place, quantity in enumerate(quantities)
        if quantity is not None
    ]


@pytest.mark.parametrize(("cost", "fires"), [(51, True), (50, False)])
def test_a_request_that_costs_more_than_the_limit_on_average_over_an_hour_fires(cost, fires):
    rule = PolicyRule("dear", "request_cost", limit=Decimal("0.05"), metric="requests", floor=FREE)
    held = Held(hours=hours(cost, first=datetime(2026, 11, 20, tzinfo=UTC)), hours_of_use=uses(600, 0) + uses(400))
    assert keys(rule, held) == (["policy:search:*:2026-11-20"] if fires else [])


def test_spend_without_requests_has_no_cost_a_request():
    rule = PolicyRule("dear", "request_cost", limit=Decimal("0.05"), metric="requests", floor=FREE)
    assert keys(rule, Held(hours=hours(500, first=datetime(2026, 11, 20, tzinfo=UTC)))) == []


@pytest.mark.parametrize(
    ("found", "fires"), [((101, 102), True), ((101, 100), False), ((101, None, 101), False), ((101,), False)]
)
def test_a_metric_must_stay_past_its_threshold_in_every_hour(found, fires):
    rule = PolicyRule("busy", "metric", metric="queue", limit=Decimal(100), lasts=timedelta(hours=2))
    held = Held(spend=[series(60)], hours_of_use=uses(*found, metric="queue", pool="llm"))
    assert keys(rule, held) == (["policy:search:*:2026-11-20"] if fires else [])


def test_a_metric_may_fall_below_and_the_floor_is_the_teams_spend_of_the_day():
    rule = PolicyRule("quiet", "metric", metric="queue", limit=Decimal(1), below=True, floor=Decimal(60))
    used = uses(0, metric="queue")
    assert keys(rule, Held(spend=[series(60)], hours_of_use=used)) == ["policy:search:*:2026-11-20"]
    assert keys(rule, Held(spend=[series(59)], hours_of_use=used)) == []


def units(newest, usual=1000, metric="queries", model="", days=30):
    first = TODAY - timedelta(days=days)
    amounts = [*([usual] * days), newest]
    return [
        DayUse("search", metric, "", model, first + timedelta(days=place), Decimal(amount))
        for place, amount in enumerate(amounts)
    ]


@pytest.mark.parametrize(("queries", "fires"), [(666, True), (670, False), (0, False)])
def test_a_unit_that_costs_half_as_much_again_fires_when_its_day_is_complete(queries, fires):
    rule = PolicyRule("unit", "unit_cost", metric="queries", factor=Decimal(50), floor=Decimal(30))
    held = Held(spend=[series(100)], days_of_use=units(queries))
    assert keys(rule, held) == (["policy:search:*:2026-11-20"] if fires else [])
    assert keys(rule, replace(held, spend=[series(100, complete=False)])) == []


@pytest.mark.parametrize(("dear", "fires"), [(16, True), (15, False)])
def test_a_share_of_requests_on_expensive_models_above_the_limit_fires(dear, fires):
    rule = PolicyRule("tier", "expensive_share", metric="requests", models=("opus*",), factor=Decimal(15))
    used = [
        DayUse("search", "requests", "", model, TODAY, Decimal(count))
        for model, count in (("opus-5", dear), ("haiku-5", 100 - dear))
    ]
    assert keys(rule, Held(spend=[series(100)], days_of_use=used)) == (["policy:search:*:2026-11-20"] if fires else [])
    assert keys(rule, Held(spend=[series(49)], days_of_use=used)) == [], "below the floor of 50"


def spike(alert, day="2026-11-20"):
    chart = (ChartPoint("2026-11-19", Decimal(100)), ChartPoint(day, Decimal(300), marked=True))
    return alert(key="spend:search:EC2:2026-11-20", facts={"service": "EC2"}, chart=chart)


def test_a_rule_and_the_detector_on_the_same_series_and_day_are_one_alert_with_both_reasons(alert):
    doubled = PolicyRule("doubled", "daily_spend", factor=Decimal(2), severity="critical")
    over = PolicyRule("over", "daily_budget", factor=Decimal(120))
    held = Held(spend=[series(300)], budgets={"search": Decimal(3000)})
    spend, policies = with_policies(
        Findings("spend_anomaly", (spike(alert),)), breaches_of([doubled, over], held, NOW), NOW
    )
    (merged,) = spend.alerts
    assert (merged.key, merged.severity, merged.facts["policies"]) == (
        "spend:search:EC2:2026-11-20",
        "critical",
        "doubled",
    )
    assert merged.summary.endswith("EC2 cost $300.00 on 2026-11-20, at least 2 times the normal $100.00.")
    assert [each.key for each in policies.alerts] == ["policy:search:*:2026-11-20"], "the team's day is another series"


def test_another_day_of_the_same_series_is_not_merged(alert):
    doubled = PolicyRule("doubled", "daily_spend", factor=Decimal(2))
    found = breaches_of([doubled], Held(spend=[series(300)]), NOW)
    spend, policies = with_policies(Findings("spend_anomaly", (spike(alert, "2026-11-17"),)), found, NOW)
    assert spend.alerts == (spike(alert, "2026-11-17"),)
    assert len(policies.alerts) == 1


def test_several_rules_on_one_series_and_day_are_one_alert_with_several_reasons():
    rules = [PolicyRule(name, "daily_spend", factor=Decimal(factor)) for name, factor in (("two", 2), ("three", 3))]
    (alert,) = policy_findings(breaches_of(rules, Held(spend=[series(300)]), NOW), NOW).alerts
    assert alert.title == "Policy passed: three, two (EC2)"
    assert alert.summary.count("EC2 cost $300.00 on 2026-11-20") == 2
    assert alert.started_at == datetime.combine(date(2026, 11, 20), datetime.min.time(), UTC)


def test_a_breach_is_told_once_and_its_end_once(timeline, between):
    rule = PolicyRule("doubled", "daily_spend", factor=Decimal(2))
    held = Held(spend=[series(300)])
    for hour in (12, 13, 30, 84, 85):
        now = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(hours=hour)
        timeline.report(hour, policy_findings(breaches_of([rule], held, now), now))
    timeline.want(between(12, 12), "slack", "firing", "policy:search:EC2:2026-11-20")
    timeline.want(between(84, 84), "slack", "resolved", "policy:search:EC2:2026-11-20")
    timeline.check()


def test_an_alert_shows_the_series_with_the_days_marked_and_what_drove_the_last():
    rule = PolicyRule("doubled", "daily_spend", factor=Decimal(2))
    drivers = {TODAY: (Contributor("account 1", Decimal(320)),)}
    held = Held(spend=[replace(series(310, 320), drivers=drivers)])
    (alert,) = policy_findings(breaches_of([rule], held, NOW), NOW).alerts
    assert [point.label for point in alert.chart if point.marked] == ["2026-11-19", "2026-11-20"]
    assert alert.contributors == drivers[TODAY]
    over = PolicyRule("over", "daily_budget", factor=Decimal(120), floor=FREE)
    held = Held(spend=[series(90), series(60, service="S3")], budgets={"search": Decimal(3000)})
    (alert,) = policy_findings(breaches_of([over], held, NOW), NOW).alerts
    assert [(each.label, each.amount) for each in alert.contributors] == [("EC2", 90), ("S3", 60)]
    assert alert.chart[-1] == ChartPoint("2026-11-20", Decimal(150), marked=True)
    hourly = PolicyRule("hour", "hour", factor=Decimal(3), floor=FREE)
    (alert,) = policy_findings(breaches_of([hourly], Held(hours=hours(*[10] * 24, 10, 30)), NOW), NOW).alerts
    assert [point.label for point in alert.chart if point.marked] == ["2026-11-20T01:00Z"]
