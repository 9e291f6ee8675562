"""Slow leaks: weekly medians that leave the trend of the weeks before."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from alerts.detect.baseline import MEDIAN_TO_SIGMA, WEEK, Baseline, Floats, median_of_known

_BASE_WEEKS = np.arange(3, 10)
"""The weeks before the judged day that make the trend; the two in between are where a leak begins."""
_LEAST_WEEKS = 3

LEAST_DRIFT = 0.18
PERSISTS = 3
_SIGMAS = 5.0
_LEAST_SPREAD = 0.03
_STEEPEST = 0.07
"""The steepest growth believed, on the log scale a week."""


@dataclass(frozen=True)
class Drift:
    """How the last week lies above the trend: adjusted log levels, as `Baseline.adjusted`."""

    trend: float
    now: float


def drifts(baseline: Baseline, start: int) -> dict[int, Drift]:
    """Return the days from `start` on whose last week lies above the trend, for PERSISTS days in a row."""
    size = baseline.adjusted.size
    first = max(start, WEEK * (int(_BASE_WEEKS[0]) + _LEAST_WEEKS) - 1)
    if first >= size:
        return {}
    weekly = _weekly(baseline.adjusted, first)
    days = np.arange(weekly.size - (size - first), weekly.size)
    base = weekly[days[:, None] - WEEK * _BASE_WEEKS]
    slope = _slope(base)
    flat = base + slope[:, None] * (_BASE_WEEKS - 3)
    trend = median_of_known(flat)
    spread = np.maximum(MEDIAN_TO_SIGMA * median_of_known(np.abs(flat - trend[:, None])), _LEAST_SPREAD)
    last = weekly[days] - (trend + 3 * slope)
    before = weekly[days - WEEK] - (trend + 2 * slope)
    needed = np.maximum(_SIGMAS * spread, LEAST_DRIFT)
    enough = np.sum(~np.isnan(base), axis=1) >= _LEAST_WEEKS
    rising = (last > needed) & (before > 0.4 * needed) & (last > before) & enough
    if not rising.any():
        return {}
    persists = np.convolve(rising, np.ones(PERSISTS))[: rising.size] >= PERSISTS
    found = zip(range(first, size), (trend + 3 * slope).tolist(), weekly[days].tolist(), persists.tolist(), strict=True)
    return {day: Drift(level, now) for day, level, now, holds in found if holds}


def _weekly(adjusted: Floats, first: int) -> Floats:
    """Return the median of each day's last week, from all the base weeks before `first` on; NaN where unknown."""
    reach = WEEK * int(_BASE_WEEKS[-1])
    begin = max(first - reach - WEEK + 1, 0)
    medians = median_of_known(sliding_window_view(adjusted[begin:], WEEK))
    wanted = adjusted.size - first + reach
    return np.concatenate([np.full(wanted - medians.size, np.nan), medians])


def _slope(base: Floats) -> Floats:
    """Return the Theil-Sen slope a week of each row (the newest week first), between 0 and the steepest growth."""
    first, second = np.triu_indices(_BASE_WEEKS.size, k=1)
    slopes = (base[:, first] - base[:, second]) / (second - first)
    return np.clip(np.nan_to_num(median_of_known(slopes)), 0.0, _STEEPEST)
