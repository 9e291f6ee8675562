"""Budgets as they are watched are the budgets that the team's page shows."""

from datetime import UTC, datetime
from decimal import Decimal

from alerts.detect.budget import budget_alerts
from attributor.periods import Month
from attributor.reports.team import team_report
from attributor.reports.view import View
from attributor.watching.budgets import budget_facts

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)


def facts_of(company, now: datetime) -> dict[tuple[str, str], object]:
    return {(facts.team, facts.month): facts for facts in budget_facts(company.engine, company.teams, now)}


def test_spent_forecast_and_thresholds_are_those_of_the_teams_page(company) -> None:
    company.bill(*(f"2026-{month}-{day:02} {day}.37 team=search S3" for month in ("10", "11") for day in range(1, 12)))
    company.cycle()
    facts = facts_of(company, NOW)["search", "2026-11"]
    page = team_report(company.engine, company.teams, "search", View(Month(2026, 11), NOW))
    assert facts.spent == page.budget.spent == Decimal("70.07")
    assert facts.monthly == page.budget.budget == 100
    assert facts.thresholds == page.budget.thresholds
    assert page.budget.forecast is not None
    assert facts.forecast == page.budget.forecast.amount
    assert dict(facts.daily) == {day.day: day.cost for day in page.days}
    assert [(each.label, each.amount) for each in facts.services] == [("S3", Decimal("70.07"))]


def test_teams_without_a_budget_are_left_out_and_those_without_spend_are_not(company) -> None:
    company.bill("2026-11-10 5 team=search", "2026-11-10 5 team=free")
    company.cycle()
    found = facts_of(company, NOW)
    assert {team for team, _ in found} == {"search", "ads", "quiet"}
    assert found["ads", "2026-11"].spent == 0
    assert found["ads", "2026-11"].thresholds == (50, 90)


def test_the_month_before_is_watched_while_its_last_bills_come(company) -> None:
    company.bill("2026-10-30 85 team=search", "2026-11-01 1 team=search")
    company.cycle(datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert state("budget:search:2026-10", company) == "firing"
    company.bill("2026-10-30 85 team=search", "2026-10-31 60 team=search", "2026-11-01 1 team=search")
    company.cycle(datetime(2026, 11, 2, 12, tzinfo=UTC))
    alert = company.app.alert_log.states()["budget:search:2026-10"].alert
    assert (alert.severity, alert.amount) == ("critical", 145)
    company.cycle(datetime(2026, 11, 8, 0, 1, tzinfo=UTC))
    assert state("budget:search:2026-10", company) == "resolved"


def state(key: str, company) -> str | None:
    states = company.app.alert_log.states()
    return states[key].status if key in states else None


def test_the_month_before_has_no_forecast(company) -> None:
    company.bill(*(f"2026-10-{day:02} 5 team=search" for day in range(1, 32)))
    company.cycle()
    found = facts_of(company, datetime(2026, 11, 3, 12, tzinfo=UTC))
    assert found["search", "2026-10"].spent == 155
    assert found["search", "2026-10"].forecast is None
    titles = {
        alert.title for alert in budget_alerts(list(found.values()), datetime(2026, 11, 3, 12, tzinfo=UTC)).alerts
    }
    assert titles == {"Budget emergency (2026-10)", "Budget forecast to be exceeded (2026-11)"}
    assert {month for _, month in facts_of(company, datetime(2026, 11, 8, 0, 0, tzinfo=UTC))} == {"2026-11"}
