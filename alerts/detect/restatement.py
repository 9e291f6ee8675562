"""Restatements: a day that was stored before came again with another cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from alerts.alert import Alert, ChartPoint, Contributor, Findings
from alerts.amounts import shown, total
from alerts.detect.presenting import severity_by_money


@dataclass(frozen=True)
class RestatedDay:
    """One day of one source whose cost changed; money in `currency`, `noticed_at` aware UTC."""

    source: str
    day: date
    before: Decimal
    after: Decimal
    currency: str
    noticed_at: datetime

    @property
    def change(self) -> Decimal:
        """What was added; negative where the day became cheaper."""
        return total((self.after, -self.before))


@dataclass(frozen=True)
class RestatementPolicy:
    """`floor` is the least change worth telling, summed over a source's days without their signs."""

    floor: Decimal = Decimal(10)
    warning_from: Decimal = Decimal(100)
    critical_from: Decimal = Decimal(10_000)
    told_for: timedelta = timedelta(days=3)
    team: str = ""


def restatements(days: Sequence[RestatedDay], now: datetime, policy: RestatementPolicy | None = None) -> Findings:
    """Return one alert for each source and currency that was restated lately; key `restatement:<source>:<currency>`.

    It fires for `told_for` after the last restatement; days that are restated later are told again.
    """
    limits = policy or RestatementPolicy()
    recent = [each for each in days if each.noticed_at <= now < each.noticed_at + limits.told_for]
    by_source = attrgetter("source", "currency")
    alerts = []
    for _, group in groupby(sorted(recent, key=by_source), key=by_source):
        restated = sorted(group, key=lambda each: -abs(each.change))
        if total(abs(each.change) for each in restated) >= limits.floor:
            alerts.append(_alert(restated, limits))
    return Findings("restatement", tuple(alerts))


def _alert(days: Sequence[RestatedDay], policy: RestatementPolicy) -> Alert:
    source, currency = days[0].source, days[0].currency
    moved = total(abs(each.change) for each in days)
    change = total(each.change for each in days)
    before, after = total(each.before for each in days), total(each.after for each in days)
    count = "1 day" if len(days) == 1 else f"{len(days)} days"
    return Alert(
        key=f"restatement:{source}:{currency}",
        kind="restatement",
        team=policy.team,
        severity=severity_by_money(moved, warning=policy.warning_from, critical=policy.critical_from),
        title=f"{source} restated {count}",
        summary=f"{source} sent {count} again with another cost: {shown(before, currency)} before, "
        f"{shown(after, currency)} after ({'+' if change > 0 else ''}{shown(change, currency)}).",
        started_at=min(each.noticed_at for each in days),
        currency=currency,
        amount=change,
        contributors=tuple(_contributor(each) for each in days),
        chart=tuple(ChartPoint(f"{each.day}", each.after, marked=True) for each in sorted(days, key=attrgetter("day"))),
        link="/health",
        facts={"source": source, "days": ", ".join(sorted(str(each.day) for each in days))},
        level=max(each.noticed_at for each in days).date().toordinal(),
    )


def _contributor(restated: RestatedDay) -> Contributor:
    before, after = shown(restated.before, restated.currency), shown(restated.after, restated.currency)
    return Contributor(f"{restated.day}", restated.change, f"{before} before, {after} after")
