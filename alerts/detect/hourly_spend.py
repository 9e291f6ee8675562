"""Spend anomalies by the hour: what a service cost a team in single hours, where sources tell it by the hour."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from alerts.alert import Alert, ChartPoint
from alerts.amounts import cents, cents_of_estimate, plain, shown, total
from alerts.detect.anomalous import AnomalousDay, Rule
from alerts.detect.hourly import QUIET, HourlyGate, Hours, episodes_by_hour, hourly_gate
from alerts.detect.presenting import hour_label, level_by_money, minute, severity_by_money, team_link
from alerts.detect.spend import days_told, gate_of
from alerts.detect.spend_series import SpendPolicy

TOLD_FOR = timedelta(hours=36)
"""How long an episode fires after its last anomalous hour: until its day is known in full, and judged by the day."""
CHART_HOURS = 72
_STAYS_UP = 6
"""So many hours are no spike any more."""
_HOUR = timedelta(hours=1)
_DAY_HOURS = 24


@dataclass(frozen=True)
class HourlySeries:
    """What one team spent on one service in one currency by hour since `first` (aware UTC), up to the newest told.

    None is an hour that is not known. The first `settled` hours are complete, the others lower bounds.
    """

    team: str
    service: str
    currency: str
    first: datetime
    costs: tuple[Decimal | None, ...]
    settled: int

    @property
    def key(self) -> str:
        """What the keys of its alerts begin with: the same as by the day."""
        return f"spend:{self.team}:{self.service}"

    def hour_of(self, anomalous: AnomalousDay) -> datetime:
        """Return the start of an hour that a rule found."""
        return self.first + anomalous.day * _HOUR


@dataclass(frozen=True)
class _Found:
    """An episode by the hour, with each hour's exact excess; `began` is the UTC day that it is told under."""

    series: HourlySeries
    hours: tuple[AnomalousDay, ...]
    began: date

    @property
    def excess(self) -> dict[datetime, Decimal]:
        """What each hour cost above its baseline, which is an estimate rounded to cents."""
        return {
            self.series.hour_of(each): cost - cents_of_estimate(each.expected)
            for each in self.hours
            if (cost := self.series.costs[each.day]) is not None
        }


def hourly_anomalies(
    series: Iterable[HourlySeries],
    spent: Mapping[tuple[str, str], float],
    policy: SpendPolicy,
    standing: Collection[str] = (),
) -> list[Alert]:
    """Return an alert for each episode of anomalous hours; key `spend:<team>:<service>:<UTC day of its first hour>`.

    `spent` is what each team spends in a day, by team and currency. `standing` are the keys of spend anomalies that
    fire now or did lately: an episode keeps the one that it was told under, by the hour or by the day.
    """
    alerts = []
    for each in series:
        a_day = spent.get((each.team, each.currency), 0.0)
        by_day: dict[date, list[AnomalousDay]] = {}
        for group in _told(each, hourly_gate(policy, a_day / _DAY_HOURS)):
            by_day.setdefault(_began(each, group, days_told(each.key, standing)), []).extend(group)
        found = [_Found(each, tuple(hours), began) for began, hours in sorted(by_day.items())]
        alerts += [_alert(episode, policy, gate_of(policy, a_day).day) for episode in found]
    return alerts


def _told(series: HourlySeries, gate: HourlyGate) -> list[tuple[AnomalousDay, ...]]:
    amounts = np.array([np.nan if cost is None else float(cost) for cost in series.costs])
    groups = episodes_by_hour(Hours(series.first, amounts, series.settled), gate)
    return [group for group in groups if (amounts.size - 1 - group[-1].day) * _HOUR <= TOLD_FOR]


def _began(series: HourlySeries, group: Sequence[AnomalousDay], standing: Collection[date]) -> date:
    begin, end = (series.hour_of(group[place]) for place in (0, -1))
    return min((day for day in standing if (begin - QUIET).date() <= day <= end.date()), default=begin.date())


def _alert(found: _Found, policy: SpendPolicy, gate: float) -> Alert:
    """Return the alert of an episode; its amount is what the newest anomalous day has cost so far, as by the day."""
    series, excess = found.series, found.excess
    whole = cents(total(excess.values()))
    costs = _costs(series)
    today = max(excess).date()
    spent = cents(total(cost for hour, cost in costs.items() if hour.date() == today))
    return Alert(
        key=f"{series.key}:{found.began}",
        kind="spend_anomaly",
        team=series.team,
        severity=severity_by_money(whole, warning=policy.warning_from, critical=policy.critical_from),
        title=f"{_title(found)}: {series.service}",
        summary=f"{_newest(found)} {shown(whole, series.currency)} above usual in {_in_words(len(excess))} since "
        f"{minute(min(excess))}.",
        started_at=min(excess),
        currency=series.currency,
        amount=spent,
        threshold=cents(total((spent, -_above_bands(found, today)))),
        chart=tuple(
            ChartPoint(hour_label(hour), cost, hour in excess) for hour, cost in list(costs.items())[-CHART_HOURS:]
        ),
        link=team_link(series.team, today),
        facts={
            "service": series.service,
            "rule": _rule(found),
            "excess": plain(whole),
            "hours": str(len(excess)),
            "by the hour": _newest(found),
        },
        level=_level(excess, gate),
    )


def _costs(series: HourlySeries) -> dict[datetime, Decimal]:
    hours = (series.first + place * _HOUR for place in range(len(series.costs)))
    return {hour: cost for hour, cost in zip(hours, series.costs, strict=True) if cost is not None}


def _above_bands(found: _Found, today: date) -> Decimal:
    """Return what the day's anomalous hours cost above their bands."""
    return total(
        cost - cents_of_estimate(each.band)
        for each in found.hours
        if found.series.hour_of(each).date() == today and (cost := found.series.costs[each.day]) is not None
    )


def _level(excess: Mapping[datetime, Decimal], gate: float) -> int:
    """Return how bad the worst day is, counted as the alerts of days are."""
    days = {hour.date() for hour in excess}
    worst = max(total(amount for hour, amount in excess.items() if hour.date() == day) for day in days)
    return level_by_money(float(worst), gate)


def _rule(found: _Found) -> Rule:
    """Return what it is: a few hours in a row are one spike, whatever each of them was judged by."""
    most = Counter(each.rule for each in found.hours).most_common(1)[0][0]
    return most if len(found.hours) >= _STAYS_UP else "spike"


def _title(found: _Found) -> str:
    return "Spend spike by the hour" if _rule(found) == "spike" else "Spend went up by the hour"


def _newest(found: _Found) -> str:
    """Say what the newest anomalous hour cost."""
    series, last = found.series, found.hours[-1]
    cost = series.costs[last.day] or Decimal(0)
    expected, band = (shown(cents_of_estimate(each), series.currency) for each in (last.expected, last.band))
    return (
        f"{series.service} cost {shown(cost, series.currency)} in the hour from {minute(series.hour_of(last))}; usual "
        f"is {expected}, up to {band}."
    )


def _in_words(hours: int) -> str:
    return f"{hours} {'hour' if hours == 1 else 'hours'}"
