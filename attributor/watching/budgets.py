"""Budgets as their detector wants them: the same numbers that the pages show."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, select

from alerts.alert import Contributor
from alerts.detect.budget import LATE_BILLS, BudgetFacts
from attributor.ledger.tables import rollup
from attributor.money import from_units
from attributor.periods import month_of
from attributor.reports.costs import amounts, cost_sums
from attributor.reports.outlook import NO_SPEND, Spend, budget_line, daily_spend
from attributor.reports.view import Frame, View, frame
from rules.ruleset import Team

_TOP_SERVICES = 5
ShareOfService = Mapping[str, tuple[Contributor, ...]]


def budget_facts(engine: Engine, teams: Mapping[str, Team], now: datetime) -> tuple[BudgetFacts, ...]:
    """Return the month so far of every team that has a budget, in the currency with the most cost.

    In the first days of a month that is also the month before, whose last bills come only then.
    """
    months = {month_of(moment.date()): None for moment in (now - LATE_BILLS, now)}
    with engine.connect() as connection:
        return tuple(facts for month in months for facts in _of_month(connection, teams, View(month, now)))


def _of_month(connection: Connection, teams: Mapping[str, Team], view: View) -> list[BudgetFacts]:
    seen = frame(connection, view)
    spends = daily_spend(connection, seen)
    services = _services(connection, seen)
    found = (_facts(seen, team, spends.get(team.id, NO_SPEND), services.get(team.id, ())) for team in teams.values())
    return [facts for facts in found if facts is not None]


def _facts(seen: Frame, team: Team, spend: Spend, services: tuple[Contributor, ...]) -> BudgetFacts | None:
    line = budget_line(seen, team, spend)
    if line is None or team.budget is None:
        return None
    return BudgetFacts(
        team=team.id,
        month=str(seen.period),
        currency=seen.currency,
        spent=line.spent,
        monthly=team.budget.monthly,
        thresholds=team.budget.thresholds,
        emergency=team.budget.emergency,
        forecast=None if line.forecast is None else line.forecast.amount,
        services=services,
        daily=tuple(
            (day, from_units(cost))
            for day, cost in sorted(spend.whole.items())
            if seen.period.first <= day < seen.period.end
        ),
    )


def _services(connection: Connection, seen: Frame) -> ShareOfService:
    keys = (rollup.c.team, rollup.c.service)
    query = select(*keys, *cost_sums("effective")).where(seen.this_period, seen.rows())
    found: dict[str, list[Contributor]] = {}
    for row in connection.execute(query.group_by(*keys)):
        found.setdefault(row[0], []).append(Contributor(row[1] or "(no service)", amounts(row, 2)[0]))
    return {team: tuple(sorted(rows, key=_largest_first)[:_TOP_SERVICES]) for team, rows in found.items()}


def _largest_first(contributor: Contributor) -> Decimal:
    return -(contributor.amount or Decimal(0))
