"""Slow leaks: weekly medians that leave the trend of the weeks before."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from alerts.detect.baseline import MEDIAN_TO_SIGMA, WEEK, Baseline, Floats, median_of_known

_BASE_WEEKS = np.arange(3, 10)
"""The weeks before the judged day that make the trend; the two in between are where a leak begins."""

LEAST_DRIFT = 0.18
PERSISTS = 3
_SIGMAS = 5.0
_LEAST_SPREAD = 0.03
_STEEPEST = 0.07


@dataclass(frozen=True)
class Drift:
    """How the last week lies above the trend: adjusted log levels, as `Baseline.adjusted`."""

    trend: float
    now: float


def drifts(baseline: Baseline, start: int) -> dict[int, Drift]:
    """Return the days from `start` on whose last week lies above the trend, for PERSISTS days in a row."""
    size = baseline.adjusted.size
    first = max(start, WEEK * (int(_BASE_WEEKS[-1]) + 1) - 1)
    if first >= size:
        return {}
    weekly = np.full(size, np.nan)
    weekly[WEEK - 1 :] = median_of_known(sliding_window_view(baseline.adjusted, WEEK))
    days = np.arange(first, size)
    base = weekly[days[:, None] - WEEK * _BASE_WEEKS]
    slope = _slope(base)
    flat = base + slope[:, None] * (_BASE_WEEKS - 3)
    trend = median_of_known(flat)
    spread = np.maximum(MEDIAN_TO_SIGMA * median_of_known(np.abs(flat - trend[:, None])), _LEAST_SPREAD)
    last = weekly[days] - (trend + 3 * slope)
    before = weekly[days - WEEK] - (trend + 2 * slope)
    needed = np.maximum(_SIGMAS * spread, LEAST_DRIFT)
    rising = (last > needed) & (before > 0.4 * needed) & (last > before)
    persists = np.convolve(rising, np.ones(PERSISTS))[: rising.size] >= PERSISTS
    found = zip(days.tolist(), (trend + 3 * slope).tolist(), weekly[days].tolist(), persists.tolist(), strict=True)
    return {day: Drift(level, now) for day, level, now, holds in found if holds}


def _slope(base: Floats) -> Floats:
    """Return the Theil-Sen slope a week of each row (the newest week first), between 0 and the steepest growth."""
    first, second = np.triu_indices(_BASE_WEEKS.size, k=1)
    slopes = (base[:, first] - base[:, second]) / (second - first)
    return np.clip(np.nan_to_num(median_of_known(slopes)), 0.0, _STEEPEST)
