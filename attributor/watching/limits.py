"""Daily and rolling limits as their detector wants them: spend by the days of each team's own time zone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from alerts.detect.daily_budget import TOLD_FOR, LimitFacts, RollingLimit
from alerts.detect.policies.rules import HourCost
from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.watching.hourly import Read
from attributor.watching.hourly_spend import hourly_spend
from rules.ruleset import Budget, RuleSet, Team

_CHART_DAYS = 31
_TOLD_BACK = TOLD_FOR + timedelta(days=2)
"""Hours are read for the local days that are judged; on older ones a chart shows UTC's."""

_UTC = "UTC"
_Days = dict[date, Decimal]


def limit_facts(engine: Engine, read: Read, ruleset: RuleSet, now: datetime) -> tuple[LimitFacts, ...]:
    """Return the spend by day of every team with daily or rolling limits, in the currency with the most cost.

    What is charged by the hour counts on the team's local day, the rest on its UTC day.
    """
    limited = [(team, team.budget) for team in ruleset.teams if team.budget is not None and _has_limits(team.budget)]
    if not limited:
        return ()
    longest = max((days for _, of in limited for days, _ in of.rolling), default=0)
    spent = _spent(engine, [team.id for team, _ in limited], (now - timedelta(days=max(longest, _CHART_DAYS))).date())
    elsewhere = {team.id for team, _ in limited if team.time_zone != _UTC}
    first = (now - timedelta(days=longest) - _TOLD_BACK).date()
    hours = hourly_spend(read, ruleset, first, elsewhere) if elsewhere else []
    return tuple(
        _facts(team, budget, spent[team.id], [hour for hour in hours if hour.team == team.id])
        for team, budget in limited
        if team.id in spent
    )


def _has_limits(budget: Budget) -> bool:
    return budget.daily_soft is not None or budget.daily_hard is not None or bool(budget.rolling)


def _facts(team: Team, budget: Budget, by_currency: Mapping[str, _Days], hours: Iterable[HourCost]) -> LimitFacts:
    currency = max(sorted(by_currency), key=lambda each: total(by_currency[each].values()))
    local = team.time_zone != _UTC
    zone = ZoneInfo(team.time_zone) if local else UTC
    own = [hour for hour in hours if hour.currency == currency]
    return LimitFacts(
        team=team.id,
        currency=currency,
        zone=zone,
        spent=_by_local_day(by_currency[currency], own, ZoneInfo(team.time_zone)) if local else by_currency[currency],
        soft=budget.daily_soft,
        hard=budget.daily_hard,
        rolling=tuple(RollingLimit(days, amount) for days, amount in budget.rolling),
        thresholds=budget.thresholds,
        emergency=budget.emergency,
    )


def _by_local_day(by_day: _Days, hours: Sequence[HourCost], zone: ZoneInfo) -> _Days:
    """Move what is known by the hour from its UTC day to its local one.

    Of a UTC day on which the hours cost more than the team bears (its cost goes on to others), nothing is moved.
    """
    of_day: dict[date, list[HourCost]] = {}
    for hour in hours:
        of_day.setdefault(hour.hour.date(), []).append(hour)
    moved = dict(by_day)
    for day, found in of_day.items():
        cost = total(hour.cost for hour in found)
        if cost > by_day.get(day, Decimal(0)):
            continue
        moved[day] = total((moved[day], -cost))
        for hour in found:
            local = hour.hour.astimezone(zone).date()
            moved[local] = total((moved.get(local, Decimal(0)), hour.cost))
    return moved


def _spent(engine: Engine, teams: Sequence[str], first: date) -> dict[str, dict[str, _Days]]:
    keys = (rollup.c.team, rollup.c.currency, rollup.c.day)
    query = select(*keys, *cost_sums("effective")).where(rollup.c.day >= first, rollup.c.team.in_(teams), IS_OWN)
    found: dict[str, dict[str, _Days]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query.group_by(*keys)):
            found.setdefault(row.team, {}).setdefault(row.currency, {})[row.day] = amounts(row, 3)[0]
    return found
