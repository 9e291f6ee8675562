"""Runaway spend: against the busiest hour of the week before, and told while it runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.detect.policies.rules import HourCost
from alerts.detect.runaway import RunawayPolicy, runaway_spend, without_what_was_said

NOW = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOP = NOW.replace(minute=0)


def hour(back, cost, team="search", model="opus"):
    return HourCost(team, model, "USD", TOP - back * HOUR, Decimal(str(cost)))


WEEK = [hour(back, 40) for back in range(30, 190)]


@pytest.mark.parametrize(("cost", "fires"), [(120, True), (119, False)])
def test_an_hour_at_three_times_the_busiest_of_the_week_fires_before_it_is_over(cost, fires):
    found = runaway_spend([*WEEK, hour(0, cost)], NOW).alerts
    assert [(alert.key, alert.severity) for alert in found] == ([("runaway:search:USD", "critical")] if fires else [])


def test_a_team_without_a_week_before_is_held_against_the_minimum():
    assert len(runaway_spend([hour(0, 50)], NOW).alerts) == 1
    assert runaway_spend([hour(0, 49)], NOW).alerts == ()
    assert runaway_spend([hour(0, 50)], NOW, RunawayPolicy(minimum=Decimal(51))).alerts == ()


def test_models_of_an_hour_are_summed_and_the_largest_is_named_first():
    (alert,) = runaway_spend([hour(0, 20), hour(0, 40, model="haiku")], NOW).alerts
    assert alert.amount == 60
    assert [(each.label, each.amount) for each in alert.contributors] == [("model haiku", 40), ("model opus", 20)]


def test_what_drives_it_is_found_against_the_busiest_hour_by_what_the_usage_says_of_itself():
    def said(back, cost, key):
        return replace(hour(back, cost), said=(("key", key),))

    week = without_what_was_said([*WEEK, said(50, 30, "ci"), said(50, 15, "web"), said(51, 10, "web")])
    assert {row.said for row in week if row.hour == TOP - 50 * HOUR} == {(), (("key", "ci"),), (("key", "web"),)}
    assert {row.said for row in week if row.hour != TOP - 50 * HOUR} == {()}
    assert sum(row.cost for row in week) == 40 * len(WEEK) + 55
    (alert,) = runaway_spend([*week, said(0, 400, "ci"), said(0, 20, "web")], NOW).alerts
    assert alert.summary.endswith(
        "The limit is $255.00. All of the excess, and more, is key ci: the rest cost less than usual."
    )
    assert sum(each.amount for each in alert.contributors) == 420 - 85
    assert alert.contributors[0].note == "$400.00 instead of $30.00"


def test_one_busy_hour_of_the_week_is_usual_and_hours_of_the_last_day_are_not():
    assert runaway_spend([*WEEK, hour(100, 200), hour(0, 300)], NOW).alerts == ()
    assert len(runaway_spend([*WEEK, hour(5, 200), hour(0, 300)], NOW).alerts) == 1


def test_one_teams_usual_is_nothing_to_another():
    found = runaway_spend([*WEEK, hour(0, 100, team="ads")], NOW).alerts
    assert [alert.team for alert in found] == ["ads"]


def test_a_runaway_is_told_once_while_it_runs_and_its_end_once(timeline, between):
    start = datetime(2026, 11, 20, tzinfo=UTC)
    costs = {1.1: 90, 1.2: 400, 1.5: 900}
    for at in (1.1, 1.2, 1.5, 2.5, 3.5):
        now = start + timedelta(hours=at)
        so_far = max((cost for hour, cost in costs.items() if hour <= at), default=0)
        rows = [HourCost("search", "opus", "USD", start + HOUR, Decimal(so_far))]
        usual = [HourCost("search", "opus", "USD", start - 48 * HOUR, Decimal(40))]
        timeline.report(at, runaway_spend([*usual, *rows], now))
    timeline.want(between(1.2, 1.2), "slack", "firing", "runaway:search:USD")
    timeline.want(between(3.5, 3.5), "slack", "resolved", "runaway:search:USD")
    timeline.check()
