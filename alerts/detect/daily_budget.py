"""Limits of a day and of the last days: soft and hard limits a day, and money for so many days in a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from alerts.alert import Alert, ChartPoint, Severity
from alerts.amounts import cents, percent_of, plain, shown, times, total
from alerts.detect.presenting import team_link

TOLD_FOR = timedelta(days=2)
"""How long after its end a day is told: bills come a day late."""


@dataclass(frozen=True)
class RollingLimit:
    """What may be spent in `days` days in a row."""

    days: int
    amount: Decimal


@dataclass(frozen=True)
class LimitFacts:
    """A team's spend by day of its own `zone`, in `currency`, and what limits it.

    `spent` is by local day; a day that is absent is not known. Where a source tells only whole UTC days, its UTC day
    stands for the local one. `soft` warns, `hard` must not be passed. `thresholds` and `emergency` are percent of a
    rolling limit.
    """

    team: str
    currency: str
    zone: tzinfo
    spent: Mapping[date, Decimal]
    soft: Decimal | None = None
    hard: Decimal | None = None
    rolling: tuple[RollingLimit, ...] = ()
    thresholds: tuple[Decimal, ...] = (Decimal(80), Decimal(100), Decimal(120))
    emergency: Decimal = Decimal(150)


@dataclass(frozen=True)
class _Passed:
    title: str
    severity: Severity
    level: int
    limit: Decimal


def limit_alerts(facts: Sequence[LimitFacts], now: datetime) -> tuple[Alert, ...]:
    """Return an alert for each day and each span of days that passed its limit.

    Keys are `budget:<team>:<YYYY-MM-DD>`, told until TOLD_FOR after the day, and `budget:<team>:<N>d`. A limit is
    passed where spend reaches it.
    """
    found = [_of_day(each, day) for each in facts for day in _told_days(each, now)]
    found += [_of_span(each, limit, now) for each in facts for limit in each.rolling]
    return tuple(alert for alert in found if alert is not None)


def _told_days(facts: LimitFacts, now: datetime) -> list[date]:
    today = now.astimezone(facts.zone).date()
    return [day for day in sorted(facts.spent) if today - TOLD_FOR <= day <= today]


def _of_day(facts: LimitFacts, day: date) -> Alert | None:
    spent = facts.spent[day]
    passed = None
    if facts.soft is not None and spent > 0 and spent >= facts.soft:
        passed = _Passed("Soft limit of the day passed", "warning", 1, facts.soft)
    if facts.hard is not None and spent > 0 and spent >= facts.hard:
        passed = _Passed("Hard limit of the day passed", "critical", 2, facts.hard)
    if passed is None:
        return None
    text = f"{shown(spent, facts.currency)} spent on {day} ({_zone_name(facts)}); the limit is " + (
        f"{shown(passed.limit, facts.currency)}."
    )
    return _alert(facts, f"budget:{facts.team}:{day}", day, passed, (spent, f"{passed.title} ({day})", text))


def _of_span(facts: LimitFacts, limit: RollingLimit, now: datetime) -> Alert | None:
    today = now.astimezone(facts.zone).date()
    first = today - timedelta(days=limit.days - 1)
    spent = total(amount for day, amount in facts.spent.items() if first <= day <= today)
    passed = _highest(facts, limit, spent)
    if passed is None:
        return None
    share = "" if not limit.amount else f" ({percent_of(spent, limit.amount)} %)"
    text = (
        f"{shown(spent, facts.currency)} of {shown(limit.amount, facts.currency)}{share} spent in {limit.days} days, "
        f"from {first} to {today} ({_zone_name(facts)})."
    )
    title = f"{passed.title} (last {limit.days} days)"
    return _alert(facts, f"budget:{facts.team}:{limit.days}d", first, passed, (spent, title, text))


def _highest(facts: LimitFacts, limit: RollingLimit, spent: Decimal) -> _Passed | None:
    steps = sorted({*facts.thresholds, facts.emergency})
    reached = [percent for percent in steps if spent > 0 and spent >= times(limit.amount, percent).scaleb(-2)]
    if not reached:
        return None
    percent = reached[-1]
    title = "Budget emergency" if percent >= facts.emergency else f"{plain(percent)} % of budget used"
    severity: Severity = "critical" if percent >= 100 else "warning"
    return _Passed(title, severity, steps.index(percent) + 1, cents(times(limit.amount, percent).scaleb(-2)))


def _alert(facts: LimitFacts, key: str, first: date, passed: _Passed, said: tuple[Decimal, str, str]) -> Alert:
    spent, title, text = said
    return Alert(
        key=key,
        kind="budget",
        team=facts.team,
        severity=passed.severity,
        title=title,
        summary=text,
        started_at=datetime(first.year, first.month, first.day, tzinfo=facts.zone),
        currency=facts.currency,
        amount=spent,
        threshold=passed.limit,
        chart=tuple(
            ChartPoint(f"{day}", amount, marked=day >= first) for day, amount in sorted(facts.spent.items())[-31:]
        ),
        link=team_link(facts.team, first),
        facts={"state": passed.title, "time_zone": _zone_name(facts)},
        level=passed.level,
    )


def _zone_name(facts: LimitFacts) -> str:
    return str(facts.zone)
