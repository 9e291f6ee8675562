"""Budgets, and where a month will end, for the company and for each team."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Engine

from attributor.reports.outlook import (
    NO_SPEND,
    BudgetLine,
    Outlook,
    added,
    budget_lines,
    daily_spend,
    month_outlook,
    spent_in,
)
from attributor.reports.owners import shown_name
from attributor.reports.view import View, frame
from rules.ruleset import Team


@dataclass(frozen=True)
class Budgets:
    """How the teams' budgets stand, the most used first. Spent is effective cost in `currency`, through `through`."""

    period: str
    currency: str
    is_open: bool
    through: date | None
    budgets: tuple[BudgetLine, ...]


@dataclass(frozen=True)
class TeamForecast:
    """What a team spent so far, and what its month is expected to cost; no forecast where nothing is known of it."""

    team: str
    name: str
    spent: Decimal
    forecast: Outlook | None


@dataclass(frozen=True)
class Forecasts:
    """Where an open month will end, in effective cost in `currency`, with intervals that hold in four months of five.

    A month that is over has no forecast. Teams are in the order of what they spent; forecasts of teams need not sum to
    the company's, which is made from its own days.
    """

    period: str
    currency: str
    is_open: bool
    through: date | None
    spent: Decimal
    forecast: Outlook | None
    teams: tuple[TeamForecast, ...]


def budgets(engine: Engine, teams: Mapping[str, Team], view: View) -> Budgets:
    """Read how the teams' budgets stand."""
    with engine.connect() as connection:
        seen = frame(connection, view)
        lines = budget_lines(seen, teams, daily_spend(connection, seen))
    heading = seen.heading
    return Budgets(str(view.period), heading.currency, heading.is_open, heading.through, lines)


def forecasts(engine: Engine, teams: Mapping[str, Team], view: View) -> Forecasts:
    """Forecast the company's month and that of every team that spent something."""
    with engine.connect() as connection:
        seen = frame(connection, view)
        spends = daily_spend(connection, seen)
    whole, heading = added(spends.values()) if spends else NO_SPEND, seen.heading
    lines = [
        TeamForecast(team, shown_name(teams, team), spent_in(seen, spend.whole), month_outlook(seen, spend))
        for team, spend in spends.items()
    ]
    lines.sort(key=lambda line: (line.spent.copy_negate(), line.team))
    return Forecasts(
        period=str(view.period),
        currency=heading.currency,
        is_open=heading.is_open,
        through=heading.through,
        spent=spent_in(seen, whole.whole),
        forecast=month_outlook(seen, whole),
        teams=tuple(lines),
    )
