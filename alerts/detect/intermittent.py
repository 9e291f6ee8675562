"""Series that rest more than they run: only the days that run are judged, and the sums of seven days."""

import numpy as np
from numpy.typing import NDArray

from alerts.detect.anomalous import AnomalousDay
from alerts.detect.baseline import WEEK, Baseline, spread_of
from alerts.detect.medians import Floats, median

_RESTING_SHARE = 0.3
_NEAR_ZERO = 0.05
_LEAST_DAYS = 7
_REGULAR = 0.6
_LEAST_GAPS = 3
_SIGMAS = 4.5
_LEAST_SPREAD = 0.2
_RUNS_REMEMBERED = 20
_LEAST_RUNS = 4
_REMEMBERED_DAYS = 120
_ABOVE_LARGEST = 2.0
"""Jobs differ in size from run to run: only what doubles the largest is told."""


def is_intermittent(baseline: Baseline) -> bool:
    """Say whether more than 30 % of the last 60 days are near zero."""
    recent = baseline.amounts[-60:]
    recent = recent[~np.isnan(recent)]
    if recent.size < _LEAST_DAYS:
        return False
    running = _running(recent)
    return running > 0 and int(np.sum(recent < _NEAR_ZERO * running)) > _RESTING_SHARE * recent.size


def _running(amounts: Floats) -> float:
    """Return what a day that runs costs: nine of ten days cost less."""
    rank = int(0.9 * (amounts.size - 1))
    return float(np.partition(amounts, rank)[rank])


def is_regular(baseline: Baseline) -> bool:
    """Say whether an intermittent series runs every k days, k > 1: then a run besides these is worth telling."""
    gaps = np.diff(_runs(np.nan_to_num(baseline.amounts[-_REMEMBERED_DAYS:])))
    if gaps.size < _LEAST_GAPS:
        return False
    usual = int(np.bincount(gaps).argmax())
    return usual > 1 and float(np.mean(gaps == usual)) >= _REGULAR


def scan_runs(baseline: Baseline, start: int, gate: float) -> list[AnomalousDay]:
    """Return the days from `start` on that ran far above the runs before, or whose seven days did."""
    amounts = np.nan_to_num(baseline.amounts)
    sums = np.convolve(np.maximum(amounts, 0.0), np.ones(WEEK))[: amounts.size]
    runs = _runs(amounts)
    found: list[AnomalousDay] = []
    for day in runs[runs >= max(start, _LEAST_DAYS)].tolist():
        earlier = amounts[runs[runs < day][-_RUNS_REMEMBERED:]].tolist()
        if len(earlier) < _LEAST_RUNS:
            continue
        limit, usual = _limit(earlier), median(earlier)
        before = sums[max(day - _REMEMBERED_DAYS, 0) : day - WEEK + 1]
        weekly = _ABOVE_LARGEST * float(np.max(before, initial=0.0))
        if amounts[day] > limit and amounts[day] - usual >= gate:
            found.append(AnomalousDay(day, "spike", usual, limit))
        elif day < baseline.settled and weekly > 0 and sums[day] - weekly >= gate:
            found.append(AnomalousDay(day, "shift", usual, min(float(amounts[day]), weekly / WEEK)))
    return found


def _runs(amounts: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(amounts > _NEAR_ZERO * _running(amounts[-_REMEMBERED_DAYS:]))


def _limit(earlier: list[float]) -> float:
    logs = [float(np.log(run)) for run in earlier]
    middle = median(logs)
    spread = spread_of([value - middle for value in logs], _LEAST_SPREAD)
    return max(float(np.exp(middle + _SIGMAS * spread)), _ABOVE_LARGEST * max(earlier))
