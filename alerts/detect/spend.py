"""Spend anomalies by team and service, upward only: spikes, level shifts, slow leaks, runaway jobs, new services."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from alerts.alert import Findings
from alerts.detect.baseline import Floats, prepare
from alerts.detect.intermittent import is_intermittent, scan_runs
from alerts.detect.recurrence import Calendar
from alerts.detect.scan import AnomalousDay, Subject, scan
from alerts.detect.spend_alert import spend_alert
from alerts.detect.spend_series import Episode, SpendDay, SpendPolicy, SpendSeries

HISTORY_DAYS = 224
"""The days scanned, three months of calendar before them, and eight weeks of weekday profile before those."""


def spend_anomalies(series: Sequence[SpendSeries], now: datetime, policy: SpendPolicy | None = None) -> Findings:
    """Return an alert for each episode of anomalous days; key `spend:<team>:<service>:<first anomalous day>`.

    It fires while days lie above their band and `policy.quiet` after the last; days after `now` are left out.
    """
    limits = policy or SpendPolicy()
    gates = _gates(series, limits)
    alerts = []
    undecided = []
    for each in series:
        days = [day for day in each.days if day.day <= now.date()][-HISTORY_DAYS:]
        if not days:
            undecided.append(each.key)
            continue
        gate = gates[each.team, each.currency]
        alerts += [spend_alert(each, days, episode, limits) for episode in episodes(each, days, gate, limits)]
    return Findings("spend_anomaly", tuple(alerts), tuple(undecided))


def episodes(series: SpendSeries, days: Sequence[SpendDay], gate: float, policy: SpendPolicy) -> list[Episode]:
    """Return the episodes that still fire on the newest of `days`; `gate` is in the series' currency."""
    first = days[0].day
    amounts, complete = _arrays(days)
    born = _born(amounts)
    found = _new_service(series, first, amounts, born, policy)
    alive = amounts[born:]
    if alive.size and not found:
        baseline = prepare(alive)
        if is_intermittent(baseline):
            anomalous = scan_runs(baseline, complete[born:], gate)
        else:
            calendar = Calendar(first + timedelta(days=born), baseline)
            anomalous = scan(Subject(baseline, complete[born:], calendar, gate))
        found = [AnomalousDay(each.day + born, each.rule, each.expected, each.band) for each in anomalous]
    newest = amounts.size - 1
    grouped = _grouped(found, policy.quiet.days)
    return [Episode(first, tuple(group), gate) for group in grouped if newest - group[-1].day <= policy.quiet.days]


def _gates(series: Iterable[SpendSeries], policy: SpendPolicy) -> dict[tuple[str, str], float]:
    """Return the least excess worth telling by team and currency: a share of what the team spends in a day."""
    spent: dict[tuple[str, str], float] = {}
    for each in series:
        recent = [float(day.amount) for day in each.days[-28:]]
        team = each.team, each.currency
        spent[team] = spent.get(team, 0.0) + (float(np.median(recent)) if recent else 0.0)
    return {team: max(float(policy.floor), float(policy.share) * amount) for team, amount in spent.items()}


def _arrays(days: Sequence[SpendDay]) -> tuple[Floats, list[bool]]:
    """Return amounts and completeness by day since the first; NaN and incomplete where a day is left out."""
    first = days[0].day
    size = (days[-1].day - first).days + 1
    amounts = np.full(size, np.nan)
    complete = [False] * size
    for each in days:
        index = (each.day - first).days
        amounts[index] = float(each.amount)
        complete[index] = each.complete
    return amounts, complete


def _born(amounts: Floats) -> int:
    """Return the first day that cost something."""
    costing = np.flatnonzero(amounts > 0)
    return int(costing[0]) if costing.size else amounts.size


def _new_service(
    series: SpendSeries, first: date, amounts: Floats, born: int, policy: SpendPolicy
) -> list[AnomalousDay]:
    """Return the first costly days of a service that began well after its source was connected."""
    since = first if series.source_since is None else min(series.source_since, first)
    young = amounts[born : born + policy.new_for.days]
    if first + timedelta(days=born) - since < policy.new_after or amounts.size - born > 3 * policy.new_for.days:
        return []
    floor = float(policy.new_service_floor)
    return [
        AnomalousDay(born + index, "new service", 0.0, floor) for index, amount in enumerate(young) if amount >= floor
    ]


def _grouped(days: Sequence[AnomalousDay], quiet: int) -> list[list[AnomalousDay]]:
    """Join anomalous days that are at most `quiet` days apart."""
    groups: list[list[AnomalousDay]] = []
    for each in days:
        if groups and each.day - groups[-1][-1].day <= quiet:
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups
