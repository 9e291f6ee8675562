"""Spend anomalies by team and service, upward only: spikes, level shifts, slow leaks, runaway jobs, new services."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

import numpy as np

from alerts.alert import Findings
from alerts.detect.daily import Days, Gate, episodes_of
from alerts.detect.medians import Floats
from alerts.detect.spend_alert import spend_alert
from alerts.detect.spend_series import SpendDay, SpendPolicy, SpendSeries

HISTORY_DAYS = 182
"""The days scanned, three months of calendar before them, and eight weeks of weekday profile before those."""


def spend_anomalies(
    series: Sequence[SpendSeries], now: datetime, policy: SpendPolicy | None = None, standing: Collection[str] = ()
) -> Findings:
    """Return an alert for each episode of anomalous days; key `spend:<team>:<service>:<first anomalous day>`.

    It fires while days lie above their band and `policy.quiet` after the last; days after `now` are left out.
    `standing` are the keys that fire now or did lately: an episode keeps the one that it was told under.
    """
    limits = policy or SpendPolicy()
    spent = spent_a_day(series)
    alerts = []
    undecided = []
    for each in series:
        days = [day for day in each.days if day.day <= now.date()][-HISTORY_DAYS:]
        if not days:
            undecided.append(each.key)
            continue
        gate = gate_of(limits, spent[each.team, each.currency])
        known = _days(days, days[0].day if each.source_since is None else min(each.source_since, days[0].day))
        found = episodes_of(known, gate, limits, days_told(each.key, standing))
        alerts += [spend_alert(each, days, episode, limits) for episode in found]
    return Findings("spend_anomaly", tuple(alerts), tuple(undecided))


def days_told(key: str, standing: Collection[str]) -> list[date]:
    """Return the days that the alerts of a series, whose keys begin with `key`, were told under."""
    return [date.fromisoformat(each.removeprefix(f"{key}:")) for each in standing if _is_of(each, key)]


def _is_of(alert: str, key: str) -> bool:
    return alert.startswith(f"{key}:") and alert.count(":") == key.count(":") + 1


def gate_of(policy: SpendPolicy, spent: float) -> Gate:
    """Return the least excess worth telling where the team spends so much in a day; all in one currency."""
    day = max(float(policy.floor) * float(policy.share_of_day), float(policy.share) * spent)
    return Gate(day=day, whole=max(float(policy.floor), day))


def spent_a_day(series: Iterable[SpendSeries]) -> dict[tuple[str, str], float]:
    """Return what each team spends in a day, by team and currency."""
    spent: dict[tuple[str, str], float] = {}
    for each in series:
        recent = [float(day.amount) for day in each.days[-28:]]
        team = each.team, each.currency
        spent[team] = spent.get(team, 0.0) + (float(np.median(recent)) if recent else 0.0)
    return spent


def _days(days: Sequence[SpendDay], since: date) -> Days:
    """Return amounts by day since the first, NaN where a day is left out."""
    first = days[0].day
    amounts: Floats = np.full((days[-1].day - first).days + 1, np.nan)
    settled = amounts.size
    for each in reversed(days):
        index = (each.day - first).days
        amounts[index] = float(each.amount)
        if not each.complete and index == settled - 1:
            settled = index
    return Days(first, amounts, settled, since)
