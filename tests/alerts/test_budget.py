"""Budget alerts: one a team and month, that follows the highest state."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from alerts.alert import Contributor
from alerts.detect.budget import BudgetFacts, budget_alerts
from alerts.told import rank_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def facts(spent, **changes):
    return BudgetFacts("search", "2026-11", "USD", Decimal(spent), Decimal(1000), **changes)


@pytest.mark.parametrize(
    ("spent", "state", "severity"),
    [
        ("800", "approaching", "warning"),
        ("999.999999999999", "approaching", "warning"),
        ("1000", "over", "critical"),
        ("1200", "hard limit", "critical"),
        ("1500", "emergency", "critical"),
    ],
)
def test_the_alert_follows_the_highest_state(spent, state, severity):
    (alert,) = budget_alerts([facts(spent)], NOW).alerts
    assert (alert.key, alert.facts["state"], alert.severity) == ("budget:search:2026-11", state, severity)
    assert alert.amount == Decimal(spent)


def test_each_higher_state_is_worse_than_the_one_before():
    reached = [budget_alerts([facts(spent)], NOW).alerts[0] for spent in (850, 1000, 1200, 1500)]
    ranks = [rank_of(alert) for alert in reached]
    assert ranks == sorted(set(ranks))


def test_a_team_on_track_has_no_alert():
    assert budget_alerts([facts("799.99", forecast=Decimal(1000))], NOW).alerts == ()


def test_a_forecast_above_the_budget_fires_before_it_is_spent():
    (alert,) = budget_alerts([facts("500", forecast=Decimal("1300.50"))], NOW).alerts
    assert (alert.facts["state"], alert.amount, alert.threshold) == (
        "forecast to exceed",
        Decimal("1300.50"),
        Decimal(1000),
    )
    assert "$500.00 of $1,000.00 (50.0 %)" in alert.summary


def test_thresholds_can_be_configured():
    (alert,) = budget_alerts([facts("550", thresholds=(Decimal(50), Decimal(90)))], NOW).alerts
    assert alert.title == "50 % of budget used (2026-11)"


def test_a_budget_of_nothing_is_passed_by_any_spend_and_never_divides():
    nothing = BudgetFacts("search", "2026-11", "USD", Decimal("0.01"), Decimal(0))
    assert budget_alerts([nothing], NOW).alerts[0].facts["state"] == "emergency"
    assert budget_alerts([BudgetFacts("search", "2026-11", "USD", Decimal(0), Decimal(0))], NOW).alerts == ()


def test_it_began_on_the_day_that_crossed_the_limit_and_lists_services_by_cost():
    daily = tuple((date(2026, 11, day), Decimal(100)) for day in range(1, 13))
    services = (Contributor("S3", Decimal(200)), Contributor("EC2", Decimal(1000)))
    (alert,) = budget_alerts([facts("1200", daily=daily, services=services)], NOW).alerts
    assert alert.started_at == datetime(2026, 11, 12, tzinfo=UTC)
    assert [each.label for each in alert.contributors] == ["EC2", "S3"]
    assert [point.value for point in alert.chart if point.marked] == [Decimal(1200)]


def test_a_month_that_ended_fires_until_late_bills_are_in():
    assert len(budget_alerts([facts("1200")], datetime(2026, 12, 7, 23, tzinfo=UTC)).alerts) == 1
    assert budget_alerts([facts("1200")], datetime(2026, 12, 8, tzinfo=UTC)).alerts == ()
