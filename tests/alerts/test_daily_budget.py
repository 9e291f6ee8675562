"""Daily and rolling limits: from both sides, in the team's time zone, and when they stop."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from alerts.alert import Findings
from alerts.detect.daily_budget import LimitFacts, RollingLimit, limit_alerts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def facts(*spent, **more):
    days = {TODAY - timedelta(days=len(spent) - 1 - place): Decimal(str(cost)) for place, cost in enumerate(spent)}
    return LimitFacts("search", "USD", **{"zone": UTC, "spent": days, **more})


@pytest.mark.parametrize(
    ("cost", "title", "severity"),
    [
        (99, None, None),
        (100, "Soft limit of the day passed (2026-11-20)", "warning"),
        (150, "Hard limit of the day passed (2026-11-20)", "critical"),
    ],
)
def test_a_day_that_reaches_its_soft_or_hard_limit_fires(cost, title, severity):
    alerts = limit_alerts([facts(cost, soft=Decimal(100), hard=Decimal(150))], NOW)
    assert [(alert.title, alert.severity) for alert in alerts] == ([] if title is None else [(title, severity)])


def test_each_day_is_an_alert_of_its_own_told_until_two_days_after_it():
    found = facts(200, 200, 200, 200, hard=Decimal(150))
    assert [alert.key for alert in limit_alerts([found], NOW)] == [
        f"budget:search:2026-11-{day}" for day in (18, 19, 20)
    ]


def test_a_limit_of_nothing_is_passed_by_any_spend_and_not_by_none():
    assert len(limit_alerts([facts("0.01", hard=Decimal(0))], NOW)) == 1
    assert limit_alerts([facts(0, hard=Decimal(0))], NOW) == ()


def test_the_day_is_that_of_the_teams_time_zone():
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    tokyo = ZoneInfo("Asia/Tokyo")
    found = LimitFacts("search", "USD", tokyo, {date(2026, 11, 21): Decimal(200)}, hard=Decimal(150))
    (alert,) = limit_alerts([found], late)
    assert (alert.key, alert.facts["time_zone"]) == ("budget:search:2026-11-21", "Asia/Tokyo")
    assert alert.started_at == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert limit_alerts([found], datetime(2026, 11, 20, 14, 59, tzinfo=UTC)) == (), "that day has not begun there"


@pytest.mark.parametrize(
    ("cost", "title", "severity"),
    [
        (79, None, None),
        (80, "80 % of budget used (last 2 days)", "warning"),
        (100, "100 % of budget used (last 2 days)", "critical"),
        (150, "Budget emergency (last 2 days)", "critical"),
    ],
)
def test_a_rolling_limit_sums_the_last_days_and_no_others(cost, title, severity):
    found = facts(1000, cost - 10, 10, rolling=(RollingLimit(2, Decimal(100)),))
    alerts = limit_alerts([found], NOW)
    assert [(alert.title, alert.severity) for alert in alerts] == ([] if title is None else [(title, severity)])
    assert {alert.key for alert in alerts} <= {"budget:search:2d"}


def test_a_hard_limit_after_a_soft_one_is_told_again_and_the_end_once(timeline, between):
    for hour, cost in ((1, 100), (2, 110), (9, 160), (71, 160), (72, 160)):
        found = facts(cost, soft=Decimal(100), hard=Decimal(150))
        now = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(hours=hour)
        timeline.report(hour, Findings("budget", limit_alerts([found], now)))
    timeline.want(between(1, 1), "slack", "firing", "budget:search:2026-11-20")
    timeline.want(between(9, 9), "slack", "firing", "budget:search:2026-11-20")
    timeline.want(between(71, 71), "slack", "firing", "budget:search:2026-11-20")
    timeline.want(between(72, 72), "slack", "resolved", "budget:search:2026-11-20")
    timeline.check()
