"""Every team's budget of a month: how it stands, how it was spent day by day, and what is left for the days to come."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, Context, Decimal

from sqlalchemy import Engine

from attributor.money import from_units, to_units, total
from attributor.periods import days_between
from attributor.reports.budget_families import FamilyBudget, family_budgets
from attributor.reports.outlook import (
    NO_SPEND,
    BudgetLine,
    Outlook,
    Spend,
    added,
    budget_line,
    burn_rate,
    daily_spend,
    month_outlook,
)
from attributor.reports.view import Frame, Heading, View, frame
from rules.ruleset import Team

_EXACT = Context(prec=60, rounding=ROUND_DOWN)


@dataclass(frozen=True)
class BudgetDay:
    """What was left of a budget at the end of a UTC day; below 0 where more was spent."""

    day: date
    remaining: Decimal


@dataclass(frozen=True)
class BudgetPace:
    """A team's budget and its pace, in effective cost.

    `burn` is the mean day of the last seven whole ones. `days_left` are the days after the last known one; `a_day` is
    what each of them may cost so that the budget holds, None where none is left or nothing remains. `runs_out` is the
    day on which the burn rate uses up what remains, None where that is not before the month ends.
    """

    line: BudgetLine
    burn: Decimal | None
    days_left: int
    a_day: Decimal | None
    runs_out: date | None
    days: tuple[BudgetDay, ...]


@dataclass(frozen=True)
class Budgets:
    """The budgets of a month, the most used first. `without` are the ids of teams that have none.

    `families` tell what teams come to with those that are a part of them; they are no part of `budget` and `spent`.
    `forecast` is of all that is charged, whoever has a budget; None for a month that is over.
    """

    heading: Heading
    budget: Decimal
    spent: Decimal
    lines: tuple[BudgetPace, ...]
    without: tuple[str, ...]
    families: tuple[FamilyBudget, ...]
    forecast: Outlook | None


def budgets(engine: Engine, teams: Mapping[str, Team], view: View) -> Budgets:
    """Read the budgets of the month that the view is of, of the teams that it is kept to.

    They are of effective cost, whatever its basis is, and of all that a team costs.
    """
    kept = {name: team for name, team in teams.items() if all(name in found.values for found in view.filters)}
    with engine.connect() as connection:
        seen = frame(connection, replace(view, filters=()))
        spends = daily_spend(connection, seen)
    found = (budget_pace(seen, team, spends.get(team.id, NO_SPEND)) for team in kept.values())
    lines = [pace for pace in found if pace is not None]
    lines.sort(key=lambda pace: ((pace.line.used or Decimal(0)).copy_negate(), pace.line.team))
    return Budgets(
        heading=replace(seen.heading, filters=view.filters),
        budget=total(pace.line.budget for pace in lines),
        spent=total(pace.line.spent for pace in lines),
        lines=tuple(lines),
        without=tuple(name for name, team in kept.items() if team.budget is None),
        families=tuple(line for line in family_budgets(seen, teams, spends) if line.team in kept),
        forecast=month_outlook(seen, added(spends.values())),
    )


def budget_pace(seen: Frame, team: Team, spend: Spend) -> BudgetPace | None:
    """Return a team's budget and its pace; None where it has none, and for what no budget is of."""
    line = budget_line(seen, team, spend)
    if line is None:
        return None
    days = _days(seen, line, spend)
    left = (seen.period.end - (days[-1].day + timedelta(days=1) if days else seen.period.first)).days
    burn = burn_rate(seen, spend)
    return BudgetPace(line, burn, left, _a_day(line, left), _runs_out(line, burn, days, left), days)


def _days(seen: Frame, line: BudgetLine, spend: Spend) -> tuple[BudgetDay, ...]:
    if seen.through is None:
        return ()
    units, found = to_units(line.budget), []
    for day in days_between(seen.period.first, seen.through + timedelta(days=1)):
        units -= spend.whole.get(day, 0)
        found.append(BudgetDay(day, from_units(units)))
    return tuple(found)


def _a_day(line: BudgetLine, left: int) -> Decimal | None:
    """Rounded down to 1e-12, so that so many days keep the budget."""
    if left <= 0 or line.remaining <= 0:
        return None
    return _EXACT.divide(line.remaining, Decimal(left)).quantize(Decimal("1e-12"), context=_EXACT)


def _runs_out(line: BudgetLine, burn: Decimal | None, days: tuple[BudgetDay, ...], left: int) -> date | None:
    if not burn or burn < 0 or line.remaining <= 0 or not days:
        return None
    whole = int(_EXACT.divide(line.remaining, burn))
    return days[-1].day + timedelta(days=whole + 1) if whole < left else None
