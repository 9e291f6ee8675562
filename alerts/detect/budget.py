"""Budgets: one alert per team and month, whose title and severity follow the highest state reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from alerts.alert import Alert, ChartPoint, Contributor, Findings, Severity
from alerts.amounts import cents, percent_of, plain, shown, times, total
from alerts.detect.presenting import midnight, team_link


@dataclass(frozen=True)
class BudgetFacts:
    """A team's month so far, money in `currency`. `month` is "YYYY-MM" in UTC.

    `thresholds` and `emergency` are percent of `monthly`. `forecast` is the whole month's, None where too little is
    known. `services` are the month's cost by service, `daily` by day, oldest first; both may be empty.
    """

    team: str
    month: str
    currency: str
    spent: Decimal
    monthly: Decimal
    thresholds: tuple[Decimal, ...] = (Decimal(80), Decimal(100), Decimal(120))
    emergency: Decimal = Decimal(150)
    forecast: Decimal | None = None
    services: tuple[Contributor, ...] = ()
    daily: tuple[tuple[date, Decimal], ...] = ()


@dataclass(frozen=True)
class BudgetState:
    """A state that a month can reach. `level` orders those of one severity: reaching the next is told again."""

    name: str
    title: str
    severity: Severity
    level: int
    percent: Decimal


LATE_BILLS = timedelta(days=7)
"""How long after a month's end its bill can still grow."""

_WHOLE = Decimal(100)


def budget_alerts(facts: Sequence[BudgetFacts], now: datetime) -> Findings:
    """Return an alert for each month that approaches, passes or will pass its budget; key `budget:<team>:<month>`.

    A budget of 0 is passed by any spend. A month fires until LATE_BILLS after its end, then its alert resolves.
    """
    found = ((each, reached(each)) for each in facts if _month_end(each.month) + LATE_BILLS > now)
    return Findings("budget", tuple(_alert(each, state) for each, state in found if state is not None))


def _month_end(month: str) -> datetime:
    first = date.fromisoformat(f"{month}-01")
    return midnight((first + timedelta(days=31)).replace(day=1))


def reached(facts: BudgetFacts) -> BudgetState | None:
    """Return the highest state that the spend has reached, else the forecast's, else None for on track."""
    states = [state for state in _states(facts) if facts.spent > 0 and facts.spent >= _money_at(facts, state.percent)]
    if states:
        return states[-1]
    if facts.forecast is not None and facts.forecast > facts.monthly:
        return BudgetState("forecast to exceed", "Budget forecast to be exceeded", "warning", 0, _WHOLE)
    return None


def _states(facts: BudgetFacts) -> list[BudgetState]:
    """Return the states of a budget, the lowest first."""
    hard = max((each for each in facts.thresholds if each > _WHOLE), default=None)
    states: list[BudgetState] = []
    for level, percent in enumerate(sorted(set(facts.thresholds)), start=1):
        if percent < _WHOLE:
            states.append(BudgetState("approaching", f"{plain(percent)} % of budget used", "warning", level, percent))
        elif percent == hard:
            states.append(BudgetState("hard limit", "Hard limit of budget passed", "critical", level, percent))
        else:
            states.append(BudgetState("over", "Over budget", "critical", level, percent))
    last = len(states) + 1
    emergency = BudgetState("emergency", "Budget emergency", "critical", last, facts.emergency)
    return sorted([*states, emergency], key=lambda state: (state.percent, state.level))


def _money_at(facts: BudgetFacts, percent: Decimal) -> Decimal:
    return times(facts.monthly, percent).scaleb(-2)


def _alert(facts: BudgetFacts, state: BudgetState) -> Alert:
    limit = _money_at(facts, state.percent)
    foreseen = state.name == "forecast to exceed"
    top = sorted(facts.services, key=lambda each: each.amount or Decimal(0), reverse=True)
    first_day = midnight(date.fromisoformat(f"{facts.month}-01"))
    return Alert(
        key=f"budget:{facts.team}:{facts.month}",
        kind="budget",
        team=facts.team,
        severity=state.severity,
        title=f"{state.title} ({facts.month})",
        summary=_summary(facts),
        started_at=_crossed(facts, limit) or first_day,
        currency=facts.currency,
        amount=facts.forecast if foreseen else facts.spent,
        threshold=facts.monthly if foreseen else cents(limit),
        contributors=tuple(top),
        chart=tuple(_running(facts, limit)),
        link=team_link(facts.team, first_day.date()),
        facts={"state": state.name, "month": facts.month, "monthly": plain(facts.monthly)},
        level=state.level,
    )


def _summary(facts: BudgetFacts) -> str:
    spent, monthly = shown(facts.spent, facts.currency), shown(facts.monthly, facts.currency)
    used = "" if facts.monthly == 0 else f" ({percent_of(facts.spent, facts.monthly)} %)"
    text = f"{spent} of {monthly}{used} spent in {facts.month} so far."
    if facts.forecast is None:
        return f"{text} There is too little history to forecast the month's end."
    return f"{text} Forecast for the month: {shown(facts.forecast, facts.currency)}."


def _crossed(facts: BudgetFacts, limit: Decimal) -> datetime | None:
    """Return the start of the day on which the running total reached the limit."""
    marked = next((point for point in _running(facts, limit) if point.marked), None)
    return None if marked is None else midnight(date.fromisoformat(marked.label))


def _running(facts: BudgetFacts, limit: Decimal) -> list[ChartPoint]:
    """Return the running total by day; days at or above the limit are marked."""
    points: list[ChartPoint] = []
    spent = Decimal(0)
    for day, amount in facts.daily:
        spent = total((spent, amount))
        points.append(ChartPoint(day.isoformat(), spent, marked=spent >= limit))
    return points
