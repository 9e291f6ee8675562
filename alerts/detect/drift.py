"""Slow leaks: weekly medians that leave the trend of the weeks before."""

import numpy as np
from numpy.typing import NDArray

from alerts.detect.anomalous import AnomalousDay
from alerts.detect.baseline import MEDIAN_TO_SIGMA, WEEK, Baseline
from alerts.detect.medians import Floats, median_of_known, windows

_BASE_WEEKS = np.arange(3, 10)
"""The weeks before the judged day that make the trend; the two in between are where a leak begins."""
_LEAST_WEEKS = 3
_NEWER, _OLDER = np.triu_indices(_BASE_WEEKS.size, k=1)

LEAST_DRIFT = 0.18
PERSISTS = 3
_SIGMAS = 5.0
_LEAST_SPREAD = 0.03
_STEEPEST = 0.07
"""The steepest growth believed, on the log scale a week."""


def leaking_days(baseline: Baseline, start: int, gate: float) -> list[AnomalousDay]:
    """Return the days from `start` on whose last week lies above the trend, for PERSISTS days in a row.

    The level of the week must lie `gate` above the trend in money, and the day itself above it.
    """
    size = baseline.adjusted.size
    first = max(start, WEEK * (int(_BASE_WEEKS[0]) + _LEAST_WEEKS) - 1)
    if first >= size:
        return []
    weekly = _weekly(baseline.adjusted, first)
    days = np.arange(weekly.size - (size - first), weekly.size)
    base = weekly[days[:, None] - WEEK * _BASE_WEEKS]
    high = np.flatnonzero(weekly[days] - median_of_known(base) > LEAST_DRIFT)  # a trend lies never below this median
    if high.size < PERSISTS:
        return []
    rising = np.zeros(days.size, dtype=np.bool_)
    rising[high], trend = _rising(weekly, days[high], base[high])
    persists = np.convolve(rising, np.ones(PERSISTS))[: rising.size] >= PERSISTS
    found: list[AnomalousDay] = []
    for index in np.flatnonzero(persists[: max(baseline.settled - first, 0)]).tolist():
        day, level = first + index, float(trend[np.searchsorted(high, index)])
        expected, amount = baseline.amount_at(level, day), float(baseline.amounts[day])
        if baseline.amount_at(float(weekly[days[index]]), day) - expected >= gate and amount > expected:
            found.append(AnomalousDay(day, "leak", expected, min(expected + gate, amount)))
    return found


def _rising(weekly: Floats, days: NDArray[np.int64], base: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Say of each day whether its last week leaves the trend of the base weeks, and what the trend is."""
    slope = _slope(base)
    flat = base + slope[:, None] * (_BASE_WEEKS - _BASE_WEEKS[0])
    middle = median_of_known(flat)
    spread = np.maximum(MEDIAN_TO_SIGMA * median_of_known(np.abs(flat - middle[:, None])), _LEAST_SPREAD)
    trend = middle + _BASE_WEEKS[0] * slope
    above, before = weekly[days] - trend, weekly[days - WEEK] - (trend - slope)
    needed = np.maximum(_SIGMAS * spread, LEAST_DRIFT)
    enough = np.sum(~np.isnan(base), axis=1) >= _LEAST_WEEKS
    return (above > needed) & (before > 0.4 * needed) & (above > before) & enough, trend


def _weekly(adjusted: Floats, first: int) -> Floats:
    """Return the median of each day's last week, from all the base weeks before `first` on; NaN where unknown."""
    reach = WEEK * int(_BASE_WEEKS[-1])
    begin = max(first - reach - WEEK + 1, 0)
    medians = median_of_known(windows(adjusted[begin:], WEEK))
    wanted = adjusted.size - first + reach
    return np.concatenate([np.full(wanted - medians.size, np.nan), medians])


def _slope(base: Floats) -> Floats:
    """Return the Theil-Sen slope a week of each row (the newest week first), between 0 and the steepest growth."""
    slopes = (base[:, _NEWER] - base[:, _OLDER]) / (_OLDER - _NEWER)
    return np.clip(np.nan_to_num(median_of_known(slopes)), 0.0, _STEEPEST)
