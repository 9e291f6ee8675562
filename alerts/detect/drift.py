"""Slow leaks: weekly medians that leave the trend of the weeks before."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alerts.detect.anomalous import AnomalousDay
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


def leaking_days(baseline: Baseline, start: int, gate: float) -> list[AnomalousDay]:
    """Return the days from `start` on whose last week lies above the trend, for PERSISTS days in a row.

    The level of the week must lie `gate` above the trend in money, and the day itself above it.
    """
    size = baseline.adjusted.size
    first = max(start, WEEK * (int(_BASE_WEEKS[0]) + _LEAST_WEEKS) - 1)
    if first >= size:
        return []
    rising, trend, weekly = _rising(baseline.adjusted, first)
    persists = np.convolve(rising, np.ones(PERSISTS))[: rising.size] >= PERSISTS
    found: list[AnomalousDay] = []
    for index in np.flatnonzero(persists[: max(baseline.settled - first, 0)]).tolist():
        day = first + index
        expected, amount = baseline.amount_at(float(trend[index]), day), float(baseline.amounts[day])
        if baseline.amount_at(float(weekly[index]), day) - expected >= gate and amount > expected:
            found.append(AnomalousDay(day, "leak", expected, min(expected + gate, amount)))
    return found


def _rising(adjusted: Floats, first: int) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Say of each day from `first` on whether its last week leaves the trend, with the trend and the week's level."""
    weekly = _weekly(adjusted, first)
    days = np.arange(weekly.size - (adjusted.size - first), weekly.size)
    base = weekly[days[:, None] - WEEK * _BASE_WEEKS]
    slope = _slope(base)
    flat = base + slope[:, None] * (_BASE_WEEKS - _BASE_WEEKS[0])
    middle = median_of_known(flat)
    spread = np.maximum(MEDIAN_TO_SIGMA * median_of_known(np.abs(flat - middle[:, None])), _LEAST_SPREAD)
    trend = middle + _BASE_WEEKS[0] * slope
    above, before = weekly[days] - trend, weekly[days - WEEK] - (trend - slope)
    needed = np.maximum(_SIGMAS * spread, LEAST_DRIFT)
    enough = np.sum(~np.isnan(base), axis=1) >= _LEAST_WEEKS
    return (above > needed) & (before > 0.4 * needed) & (above > before) & enough, trend, weekly[days]


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
