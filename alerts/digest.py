"""A team's digest of a day or a week as a message: what it spent, why, what idles, what stands, what to look at."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from alerts.alert import Alert, ChartPoint, Contributor
from alerts.amounts import percent_of, shown, total
from alerts.ports import Message

Period = Literal["day", "week"]
DAYS: dict[Period, int] = {"day": 1, "week": 7}
"""How many UTC days a digest is of."""
_DRIVERS, _ALERTS, _NEWCOMERS = 5, 3, 3


@dataclass(frozen=True)
class ServiceSpend:
    """What a service cost the team in the period, and a week before."""

    service: str
    spent: Decimal
    before: Decimal


@dataclass(frozen=True)
class Newcomer:
    """A service or a model that cost the team something in the period, and nothing in the weeks before."""

    kind: Literal["service", "model"]
    name: str
    spent: Decimal


@dataclass(frozen=True)
class DigestFacts:
    """What a digest says. The period is the UTC days [first, end), all told of by every source.

    Amounts are effective cost in `currency`; `before` is of as many days a week earlier. `month_so_far` is that of the
    month that the period ends in. `days` are the last four weeks up to `end`. `alerts` are those that stand, the worst
    first. `newcomers` are new in the period, the most expensive first. `link` is the team's page.
    """

    team: str
    name: str
    period: Period
    first: date
    end: date
    currency: str
    month_so_far: Decimal
    services: tuple[ServiceSpend, ...]
    idle: Decimal
    days: tuple[tuple[date, Decimal], ...]
    alerts: tuple[Alert, ...]
    link: str
    budget: Decimal | None = None
    forecast: Decimal | None = None
    newcomers: tuple[Newcomer, ...] = ()

    @property
    def spent(self) -> Decimal:
        """What the period cost."""
        return total(each.spent for each in self.services)

    @property
    def before(self) -> Decimal:
        """What as many days cost a week earlier."""
        return total(each.before for each in self.services)


def digest_message(facts: DigestFacts, identity: str, channel: str, now: datetime) -> Message:
    """Return the message under the id of the day on which it was due."""
    return Message(identity, f"{facts.team}:digest", channel, "digest", facts.team, (_alert(facts, now),), now)


def digest_id(team: str, period: Period, due: date, channel: str) -> str:
    """Return the id of the message that is due on a day: bills that are late do not make it come twice."""
    return hashlib.sha256("\n".join(("digest", team, period, due.isoformat(), channel)).encode()).hexdigest()[:32]


def _alert(facts: DigestFacts, now: datetime) -> Alert:
    drivers = sorted(facts.services, key=lambda each: (-each.spent, each.service))
    title = f"{facts.name}, {_when(facts)}: {shown(facts.spent, facts.currency)}"
    return Alert(
        key=f"digest:{facts.team}:{facts.period}",
        kind="digest",
        team=facts.team,
        severity="info",
        title=title,
        summary="\n".join((*_trend(facts), *_standing(facts), *_look_at(facts))),
        started_at=now,
        currency=facts.currency,
        amount=facts.spent,
        contributors=tuple(
            Contributor(each.service or "(no service)", each.spent, _change(each.spent, each.before, facts.currency))
            for each in drivers[:_DRIVERS]
        ),
        chart=tuple(ChartPoint(day.isoformat(), cost, facts.first <= day < facts.end) for day, cost in facts.days),
        link=facts.link,
        facts=_fields(facts),
    )


def _when(facts: DigestFacts) -> str:
    last = facts.end - timedelta(days=1)
    return f"{last:%a} {last.day} {last:%b}" if facts.period == "day" else f"the week to {last.day} {last:%b}"


def _trend(facts: DigestFacts) -> list[str]:
    change = _change(facts.spent, facts.before, facts.currency)
    text = f"{shown(facts.spent, facts.currency)}"
    return [f"{text}, {change} on a week before." if change else f"{text}; a week before nothing is known."]


def _change(spent: Decimal, before: Decimal, currency: str) -> str:
    """Return the change in money and percent; "" where there was nothing before."""
    if before == 0:
        return ""
    moved = spent - before
    sign = "+" if moved >= 0 else "−"
    percent = f" ({sign}{percent_of(abs(moved), before)} %)" if before > 0 else ""
    return f"{sign}{shown(abs(moved), currency)}{percent}"


def _fields(facts: DigestFacts) -> dict[str, str]:
    so_far = shown(facts.month_so_far, facts.currency)
    fields = {"Spend": shown(facts.spent, facts.currency), "A week before": shown(facts.before, facts.currency)}
    fields["Month so far"] = so_far if facts.budget is None else f"{so_far} of {shown(facts.budget, facts.currency)}"
    if facts.forecast is not None:
        fields["Month's forecast"] = shown(facts.forecast, facts.currency)
    fields["Idle"] = shown(facts.idle, facts.currency)
    return fields | {"Open alerts": str(len(facts.alerts))}


def _standing(facts: DigestFacts) -> list[str]:
    lines = [f"• {alert.severity}: {alert.title}" for alert in facts.alerts[:_ALERTS]]
    left_out = len(facts.alerts) - len(lines)
    return [*lines, *([f"• … and {left_out} more"] if left_out > 0 else [])]


def _look_at(facts: DigestFacts) -> list[str]:
    """Name what deserves a look: what is new, what rose most, idle money, and a forecast above the budget."""
    lines = [
        f"new {each.kind} {each.name} ({shown(each.spent, facts.currency)})" for each in facts.newcomers[:_NEWCOMERS]
    ]
    if len(facts.newcomers) > _NEWCOMERS:
        lines.append(f"{len(facts.newcomers) - _NEWCOMERS} more that are new")
    rise = max(facts.services, key=lambda each: each.spent - each.before, default=None)
    if rise is not None and rise.before > 0 and rise.spent > rise.before:
        lines.append(f"{rise.service}: {_change(rise.spent, rise.before, facts.currency)}")
    if facts.idle > 0:
        lines.append(f"{shown(facts.idle, facts.currency)} for idle capacity")
    if facts.budget is not None and facts.forecast is not None and facts.forecast > facts.budget:
        over = shown(facts.forecast - facts.budget, facts.currency)
        lines.append(f"the month is forecast to exceed its budget by {over}")
    return [f"Look at {'; '.join(lines)}."] if lines else []
