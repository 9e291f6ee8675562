"""Spend that fell or vanished: worth a note, and no alarm."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from alerts.alert import Alert, ChartPoint
from alerts.amounts import cents, percent_of, plain, shown, times, total
from alerts.detect.presenting import midnight, team_link
from alerts.detect.spend import gate_of
from alerts.detect.spend_series import SpendDay, SpendPolicy, SpendSeries

CHART_DAYS = 35
_DAYS = 3
"""So many days in a row make a fall; one is a holiday, or a bill that is late."""
_NOTED_FOR = 14
"""A fall that began longer ago is no news."""
_WEEKS, _LEAST_WEEKS = 8, 3
_FELL = Decimal("0.3")
_SIGMAS = Decimal(4)
_MEDIAN_TO_SIGMA = Decimal("1.4826")
_VANISHED = Decimal("0.01")


@dataclass(frozen=True)
class _Low:
    """A day that cost much less than the same weekdays before."""

    day: date
    cost: Decimal
    usual: Decimal


def spend_drops(
    series: Iterable[SpendSeries],
    spent: Mapping[tuple[str, str], float],
    now: datetime,
    policy: SpendPolicy | None = None,
) -> tuple[Alert, ...]:
    """Return a note for each series that costs much less than usual on its last complete days.

    Key `spend_drop:<team>:<service>:<first day>`. A day is low where it costs 30 % less than the median of the same
    weekdays in the eight weeks before, four times what these usually differ by, and as much less in money as an excess
    must be to be told. `spent` is what each team spends in a day, by team and currency.
    """
    limits = policy or SpendPolicy()
    found = []
    for each in series:
        gate = Decimal(repr(gate_of(limits, spent.get((each.team, each.currency), 0.0)).day))
        days = [day for day in each.days if day.complete and day.day <= now.date()]
        low = _newest_run(days, gate)
        if len(low) >= _DAYS and low[-1].day - low[0].day < timedelta(days=_NOTED_FOR):
            found.append(_note(each, days, low))
    return tuple(found)


def _newest_run(days: Sequence[SpendDay], gate: Decimal) -> list[_Low]:
    """Return the low days that the series ends with, oldest first; days that usually cost little say nothing."""
    costs = {day.day: day.amount for day in days}
    low: list[_Low] = []
    for day in reversed(days):
        if len(low) > _NOTED_FOR:
            break
        before = [costs[same] for same in _same_weekdays(day.day) if same in costs]
        usual = Decimal(median(before)) if len(before) >= _LEAST_WEEKS else Decimal(0)
        if usual < gate and low:
            continue
        if not _is_low(day.amount, usual, before, gate):
            break
        low.append(_Low(day.day, day.amount, usual))
    return low[::-1]


def _same_weekdays(day: date) -> Iterator[date]:
    return (day - timedelta(weeks=back) for back in range(1, _WEEKS + 1))


def _is_low(cost: Decimal, usual: Decimal, before: Sequence[Decimal], gate: Decimal) -> bool:
    if usual <= 0:
        return False
    spread = times(_MEDIAN_TO_SIGMA, Decimal(median(abs(each - usual) for each in before)))
    return usual - cost >= max(gate, times(usual, _FELL), times(spread, _SIGMAS))


def _note(series: SpendSeries, days: Sequence[SpendDay], low: Sequence[_Low]) -> Alert:
    marked = {each.day for each in low}
    less = cents(total(each.usual - each.cost for each in low))
    usual, cost = (cents(total(of) / len(low)) for of in ((e.usual for e in low), (e.cost for e in low)))
    vanished = cost <= times(usual, _VANISHED)
    first = low[0].day
    went = "vanished" if vanished else f"fell by {percent_of(usual - cost, usual)} %"
    return Alert(
        key=f"spend_drop:{series.team}:{series.service}:{first}",
        kind="spend_drop",
        team=series.team,
        severity="info",
        title=f"Spend {'vanished' if vanished else 'fell'}: {series.service}",
        summary=f"{series.service} {went}: {shown(cost, series.currency)} a day since {first}, usually "
        f"{shown(usual, series.currency)}. {shown(less, series.currency)} less in {len(low)} days.",
        started_at=midnight(first),
        currency=series.currency,
        amount=cost,
        threshold=usual,
        chart=tuple(ChartPoint(f"{day.day}", day.amount, day.day in marked) for day in days[-CHART_DAYS:]),
        link=team_link(series.team, low[-1].day),
        facts={"service": series.service, "usual": plain(usual), "less": plain(less)},
    )
