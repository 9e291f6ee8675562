"""Judging one hourly series: which hours are anomalous, by the hour of the day, workdays and weekends apart."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from alerts.detect.anomalous import AnomalousDay
from alerts.detect.baseline import Baseline
from alerts.detect.medians import Floats, median_of, median_of_known, windows
from alerts.detect.rhythm import HOURLY
from alerts.detect.scan import scan
from alerts.detect.spend_series import SpendPolicy

HOURS_REMEMBERED = 336
SCANNED_HOURS = 48
QUIET = timedelta(hours=12)
"""How long an episode fires after its last anomalous hour, and how far apart hours of one may be."""
_JOINED = QUIET // timedelta(hours=1)
_DAY = 24
_WEEK = 7 * _DAY
_ALIKE = 0.55
_PROFILE_DAYS = 9
_LEAST_WEEKEND = 12
_WEEKEND_WEIGHT = 6


@dataclass(frozen=True)
class Hours:
    """Cost by hour since `first` (aware UTC), NaN where not known; the first `settled` are complete."""

    first: datetime
    amounts: Floats
    settled: int


@dataclass(frozen=True)
class HourlyEpisode:
    """Anomalous hours that belong together, counted from `first`; `began` names it."""

    first: datetime
    hours: tuple[AnomalousDay, ...]
    began: datetime


@dataclass(frozen=True)
class HourlyGate:
    """The least excess worth telling, in money: of each hour, and of an episode as a whole."""

    hour: float
    whole: float


def hourly_gate(policy: SpendPolicy, spent: float) -> HourlyGate:
    """Return the least excess worth telling where the team spends `spent` in an hour; all in one currency."""
    hour = max(float(policy.floor * policy.share_of_hour), 24 * float(policy.share) * spent)
    return HourlyGate(hour=hour, whole=float(policy.floor * policy.share_of_hours))


def hourly_episodes(hours: Hours, gate: HourlyGate, standing: Collection[datetime]) -> list[HourlyEpisode]:
    """Return the episodes that fire on the newest hour; one that holds an hour of `standing` keeps that name."""
    newest = hours.amounts.size - 1
    return [
        HourlyEpisode(hours.first, group, _began(hours.first, group, standing))
        for group in episodes_by_hour(hours, gate)
        if newest - group[-1].day <= _JOINED
    ]


def episodes_by_hour(hours: Hours, gate: HourlyGate) -> list[tuple[AnomalousDay, ...]]:
    """Return the anomalous hours of the last SCANNED_HOURS that belong together and cost enough, oldest first."""
    return [
        tuple(group)
        for group in _grouped(anomalous_hours(hours, gate.hour))
        if sum(float(hours.amounts[each.day]) - each.expected for each in group) >= gate.whole
    ]


def anomalous_hours(hours: Hours, gate: float) -> list[AnomalousDay]:
    """Return the anomalous hours among the last SCANNED_HOURS, oldest first; `gate` is the least excess of each."""
    if hours.amounts.size <= HOURLY.least_history or not (hours.amounts > 0).any():
        return []
    baseline = _prepare(hours)
    return scan(baseline, hours.amounts.size - SCANNED_HOURS, gate, partial(_came_last_week, baseline))


def _came_last_week(baseline: Baseline, hour: int, excess: float) -> bool:
    """Say whether the same hour of the week before, or one beside it, lay about as far above its level.

    What comes every day is in the profile; what comes by the month is not known from two weeks.
    """
    week = hour - _WEEK
    before = baseline.adjusted[max(week - 1, 0) : max(week + 2, 0)]
    if not before.size:
        return False
    usual = median_of_known(baseline.adjusted[None, max(week - _WEEK // 2, 0) : week + _WEEK // 2])
    return bool(np.any(before - usual >= _ALIKE * excess))


def _prepare(hours: Hours) -> Baseline:
    amounts = hours.amounts
    offset = 0.05 * median_of(amounts[amounts > 0]) + 0.001
    logs = np.log(np.maximum(amounts, 0.0) + offset)
    at = np.arange(amounts.size) + hours.first.hour
    weekend = (at // _DAY + hours.first.weekday()) % 7 >= 5
    contrast = np.where(weekend, _weekend_contrast(logs[: hours.settled], weekend[: hours.settled]), 0.0)
    profile = contrast + _hour_of_day((logs - contrast)[: hours.settled], amounts.size)
    return Baseline(HOURLY, hours.first.date(), amounts, hours.settled, offset, logs, profile, logs - profile)


def _weekend_contrast(logs: Floats, weekend: NDArray[np.bool_]) -> float:
    """Return how far weekends lie from workdays; 0 where too little is known of either."""
    known = ~np.isnan(logs)
    ends, works = logs[weekend & known], logs[~weekend & known]
    if ends.size < _LEAST_WEEKEND or works.size < _DAY:
        return 0.0
    return (median_of(ends) - median_of(works)) * ends.size / (ends.size + _WEEKEND_WEIGHT)


def _hour_of_day(logs: Floats, size: int) -> Floats:
    """Return each hour's usual distance from the day around it: the median over the last days, shrunk towards 0."""
    days = min(logs.size // _DAY, _PROFILE_DAYS)
    if days < 2:
        return np.zeros(size)
    distance = np.full(logs.size, np.nan)
    distance[_DAY // 2 : -(_DAY // 2)] = logs[_DAY // 2 : -(_DAY // 2)] - median_of_known(windows(logs, _DAY + 1))
    by_hour = distance[logs.size - days * _DAY :].reshape(days, _DAY).T
    known = np.sum(~np.isnan(by_hour), axis=1)
    usual = np.where(known >= 2, np.nan_to_num(median_of_known(by_hour)) * known / (known + 1), 0.0)
    profile: Floats = usual[(np.arange(size) - logs.size) % _DAY]
    return profile


def _grouped(found: Sequence[AnomalousDay]) -> list[list[AnomalousDay]]:
    groups: list[list[AnomalousDay]] = []
    for each in found:
        if groups and each.day - groups[-1][-1].day <= _JOINED:
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


def _began(first: datetime, group: Sequence[AnomalousDay], standing: Collection[datetime]) -> datetime:
    begin, end = (first + timedelta(hours=each.day) for each in (group[0], group[-1]))
    return min((hour for hour in standing if begin - QUIET <= hour <= end), default=begin)
