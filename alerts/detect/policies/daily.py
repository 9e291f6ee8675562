"""Policy rules on a day's spend: against what is normal, against the budget, and against what the day should cost."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median

from alerts.amounts import cents, plain, shown, times, total
from alerts.detect.policies.rules import Breach, Held, PolicyRule, day_chart, services_of, team_days
from alerts.detect.presenting import midnight
from alerts.detect.spend_series import SpendDay

LOOK_BACK = timedelta(days=35)
_NORMAL_DAYS = 28
_LEAST_DAYS = 7
_DAY = timedelta(days=1)


def above_normal(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield the days on which a service cost `factor` times the median of the 28 complete days before, or more.

    An incomplete day is a lower bound: above the limit it is proof. Fewer than 7 days before are no normal.
    """
    for series in held.spend:
        for place, day in enumerate(series.days):
            before = [each.amount for each in series.days[:place] if each.complete][-_NORMAL_DAYS:]
            if not _is_recent(day.day, now) or len(before) < _LEAST_DAYS:
                continue
            normal = cents(Decimal(median(before)))
            limit = times(normal, rule.factor)
            if normal > 0 and day.amount >= limit:
                reason = (
                    f"{series.service} cost {shown(day.amount, series.currency)} on {day.day}, at least "
                    f"{plain(rule.factor)} times the normal {shown(normal, series.currency)}."
                )
                money = (day.amount, cents(limit), total((day.amount, -normal)))
                found = _breach(rule, (series.team, series.service, series.currency), day.day, money, reason)
                drivers = tuple(series.drivers.get(day.day, ()))
                yield replace(found, chart=day_chart(series.days), contributors=drivers)


def above_budget(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield the days on which a team cost more than `factor` percent of a day's part of its monthly budget."""
    for (team, currency), days in team_days(held.spend).items():
        if team not in held.budgets:
            continue
        for day in _recent(days, now):
            a_day = held.budgets[team] / monthrange(day.day.year, day.day.month)[1]
            limit = times(a_day, rule.factor).scaleb(-2)
            if day.amount > limit:
                reason = (
                    f"{team} cost {shown(day.amount, currency)} on {day.day}, above {plain(rule.factor)} % of "
                    f"{shown(a_day, currency)}, the day's part of its budget."
                )
                money = (day.amount, cents(limit), total((day.amount, -a_day)))
                found = _breach(rule, (team, "", currency), day.day, money, reason)
                yield _of_team(found, held, days)


def ahead_of_day(rule: PolicyRule, held: Held, now: datetime) -> Iterator[Breach]:
    """Yield today where a team has spent `factor` percent of what the day should cost before that part of it is over.

    Expected is the median of the same weekday in the last four weeks. The days are UTC's.
    """
    today = now.astimezone(UTC).date()
    passed = (now - midnight(today)) / _DAY
    if Decimal(passed) * 100 >= rule.factor:
        return
    for (team, currency), days in team_days(held.spend).items():
        same = [days[day].amount for day in (today - 7 * week * _DAY for week in range(1, 5)) if day in days]
        if today not in days or len(same) < 2:
            continue
        expected, spent = cents(Decimal(median(same))), days[today].amount
        limit = times(expected, rule.factor).scaleb(-2)
        if expected > 0 and spent >= limit:
            reason = (
                f"{team} has spent {shown(spent, currency)} on {today} with {passed * 100:.0f} % of the day over; "
                f"{plain(rule.factor)} % of the expected {shown(expected, currency)} is {shown(limit, currency)}."
            )
            found = _breach(rule, (team, "", currency), today, (spent, cents(limit), spent), reason)
            yield _of_team(found, held, days)


def _of_team(breach: Breach, held: Held, days: Mapping[date, SpendDay]) -> Breach:
    """Show the team's days, and its services on the day."""
    services = services_of(held.spend, breach.team, breach.currency, breach.day)
    return replace(breach, chart=day_chart(days[day] for day in sorted(days)), contributors=services)


def _is_recent(day: date, now: datetime) -> bool:
    today = now.astimezone(UTC).date()
    return today - LOOK_BACK <= day <= today


def _recent(days: Mapping[date, SpendDay], now: datetime) -> Sequence[SpendDay]:
    return [days[day] for day in sorted(days) if _is_recent(day, now)]


def _breach(
    rule: PolicyRule, of: tuple[str, str, str], day: date, money: tuple[Decimal, Decimal, Decimal], reason: str
) -> Breach:
    return Breach(rule, *of[:2], day, of[2], cents(money[0]), money[1], money[2], reason, midnight(day))
