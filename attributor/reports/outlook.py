"""Budgets and where the month will end: the one place where reports meet the budget rules and the forecast.

Budgets are of effective cost, whatever basis a page shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection

from alerts.detect.forecast import month_end
from attributor.money import from_units, total
from attributor.periods import days_between
from attributor.reports.daily import Series, daily_parts
from attributor.reports.lines import ratio
from attributor.reports.owners import shown_name
from attributor.reports.view import Frame
from rules import budget as budgets
from rules.budget import State
from rules.ruleset import Team

_HISTORY_DAYS = 123
_BURN_DAYS = 7
_COLUMNS = ("effective", "effective_fixed", "effective_corrections")


@dataclass(frozen=True)
class Outlook:
    """What the month is expected to cost when it ends, with an 80 % interval."""

    amount: Decimal
    low: Decimal
    high: Decimal
    method: str


@dataclass(frozen=True)
class BudgetLine:
    """A team's budget and how it stands: on_track, approaching, over or hard_limit; so for its forecast.

    `used` is spent / budget to four decimals, None for a budget of 0. `thresholds` are percentages of the budget.
    """

    team: str
    name: str
    budget: Decimal
    spent: Decimal
    remaining: Decimal
    used: Decimal | None
    state: State
    emergency: bool
    thresholds: tuple[Decimal, ...]
    forecast: Outlook | None
    forecast_state: State | None


@dataclass(frozen=True)
class Spend:
    """Effective cost by UTC day: the `whole`, and what of it is no usage of the day.

    That is what came by `contract` or calendar, the `corrections` of closed months that were posted then among it.
    """

    whole: Series
    contract: Series
    corrections: Series


NO_SPEND = Spend({}, {}, {})


def daily_spend(connection: Connection, frame: Frame, keep: ColumnElement[bool] | None = None) -> dict[str, Spend]:
    """Return spend by team: of the period, the one before it, and the four months that forecasts need; one query."""
    history = timedelta(days=_HISTORY_DAYS if _is_forecast(frame) else 0)
    since = min(frame.before.first, frame.period.first - history)
    whole: dict[str, dict[date, int]] = {}
    contract: dict[str, dict[date, int]] = {}
    corrections: dict[str, dict[date, int]] = {}
    for day, team, costs in daily_parts(connection, frame, since, _COLUMNS, keep):
        whole.setdefault(team, {})[day] = costs[0]
        if costs[1]:
            contract.setdefault(team, {})[day] = costs[1]
        if costs[2]:
            corrections.setdefault(team, {})[day] = costs[2]
    return {team: Spend(costs, contract.get(team, {}), corrections.get(team, {})) for team, costs in whole.items()}


def added(spends: Iterable[Spend]) -> Spend:
    """Add the teams' spends up, day by day."""
    found = tuple(spends)
    return Spend(
        whole=_added(spend.whole for spend in found),
        contract=_added(spend.contract for spend in found),
        corrections=_added(spend.corrections for spend in found),
    )


def _added(series: Iterable[Series]) -> Series:
    units: dict[date, int] = {}
    for days in series:
        for day, cost in days.items():
            units[day] = units.get(day, 0) + cost
    return dict(sorted(units.items()))


def month_outlook(frame: Frame, spend: Spend) -> Outlook | None:
    """Return the forecast of an open month; None for any other period, and where nothing is known yet.

    Usage is forecast. What came by contract or as a correction this month is a fact: it is added, and no habit.
    """
    history = _history(frame, _without(spend.whole, spend.contract))
    found = month_end(history, frame.view.today)
    if found is None:
        return None
    known = spent_in(frame, spend.contract)
    amount, low, high = (total((each, known)) for each in (found.amount, found.low, found.high))
    return Outlook(amount, low, high, found.method)


def _without(whole: Series, part: Series) -> Series:
    return {**whole, **{day: whole[day] - cost for day, cost in part.items()}}


def burn_rate(frame: Frame, spend: Spend) -> Decimal | None:
    """Return the mean daily cost of the last seven whole days of an open month; None where fewer are known,
    and for any other period.

    Corrections of closed months are no cost of these days.
    """
    history = _history(frame, _without(spend.whole, spend.corrections))
    whole = [cost for _, cost, complete in history if complete][-_BURN_DAYS:]
    return budgets.burn_rate(total(whole), Decimal(_BURN_DAYS)) if len(whole) == _BURN_DAYS else None


def _history(frame: Frame, series: Series) -> list[tuple[date, Decimal, bool]]:
    """Return (day, cost, complete) from the first day with cost on; nothing but for an open month of all charges.

    A day that every source has told of is complete, and costs 0 where no charge names it; any other is a lower bound.
    """
    if not series or not _is_forecast(frame):
        return []
    end = max(frame.whole_until, max(series) + timedelta(days=1))
    return [
        (day, from_units(series.get(day, 0)), day < frame.whole_until)
        for day in days_between(min(series), end)
        if day in series or day < frame.whole_until
    ]


def _is_forecast(frame: Frame) -> bool:
    return frame.view.is_open and frame.view.is_budgeted


def spent_in(frame: Frame, series: Series) -> Decimal:
    """Return what the series' days of the period sum to."""
    first, end = frame.period.first, frame.period.end
    return from_units(sum([cost for day, cost in series.items() if first <= day < end]))


def budget_line(frame: Frame, team: Team, spend: Spend) -> BudgetLine | None:
    """Return how a team's budget stands in a month; None where it has none, and for what no budget is of."""
    if team.budget is None or not frame.view.is_budgeted:
        return None
    spent = spent_in(frame, spend.whole)
    outlook = month_outlook(frame, spend)
    found = budgets.status(team.budget, spent, outlook.amount if outlook else None)
    return BudgetLine(
        team=team.id,
        name=shown_name({team.id: team}, team.id),
        budget=team.budget.monthly,
        spent=spent,
        remaining=found.remaining,
        used=ratio(spent, team.budget.monthly),
        state=found.state,
        emergency=found.emergency,
        thresholds=team.budget.thresholds,
        forecast=outlook,
        forecast_state=found.forecast_state,
    )


def budget_lines(frame: Frame, teams: Mapping[str, Team], spends: Mapping[str, Spend]) -> tuple[BudgetLine, ...]:
    """Return how every team's budget stands, the most used first."""
    found = (budget_line(frame, team, spends.get(team.id, NO_SPEND)) for team in teams.values())
    lines = [line for line in found if line is not None]
    return tuple(sorted(lines, key=lambda line: ((line.used or Decimal(0)).copy_negate(), line.team)))
