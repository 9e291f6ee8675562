"""Series that rest more than they run: only the days that run are judged, and the sums of seven days."""

import numpy as np

from alerts.detect.baseline import WEEK, Baseline, median, spread_of
from alerts.detect.scan import LEAST_HISTORY, SCANNED_DAYS, AnomalousDay

_RESTING_SHARE = 0.3
_NEAR_ZERO = 0.05
_SIGMAS = 4.5
_LEAST_SPREAD = 0.2
_RUNS_REMEMBERED = 20
_LEAST_RUNS = 4
_ABOVE_LARGEST = 1.4


def is_intermittent(baseline: Baseline) -> bool:
    """Say whether more than 30 % of the last 60 days are near zero."""
    recent = baseline.amounts[-60:]
    recent = recent[~np.isnan(recent)]
    if recent.size < LEAST_HISTORY:
        return False
    running = float(np.quantile(recent, 0.9))
    return running > 0 and float(np.mean(recent < _NEAR_ZERO * running)) > _RESTING_SHARE


def scan_runs(baseline: Baseline, complete: list[bool], gate: float) -> list[AnomalousDay]:
    """Return the days that ran far above the runs before, or whose seven days did."""
    amounts = np.nan_to_num(baseline.amounts)
    sums = np.convolve(np.maximum(amounts, 0.0), np.ones(WEEK))[: amounts.size]
    runs = np.flatnonzero(amounts > _NEAR_ZERO * float(np.quantile(amounts[-120:], 0.9)))
    found: list[AnomalousDay] = []
    for day in runs[runs >= max(amounts.size - SCANNED_DAYS, LEAST_HISTORY)].tolist():
        earlier = amounts[runs[runs < day][-_RUNS_REMEMBERED:]].tolist()
        if len(earlier) < _LEAST_RUNS:
            continue
        limit, usual = _limit(earlier), median(earlier)
        weekly = 1.5 * float(np.max(sums[max(day - 120, 0) : day - WEEK + 1], initial=0.0))
        if amounts[day] > limit and amounts[day] - usual >= gate:
            found.append(AnomalousDay(day, "spike", usual, limit))
        elif complete[day] and weekly > 0 and sums[day] - weekly >= gate:
            found.append(AnomalousDay(day, "shift", usual, min(float(amounts[day]), weekly / WEEK)))
    return found


def _limit(earlier: list[float]) -> float:
    logs = [float(np.log(run)) for run in earlier]
    middle = median(logs)
    spread = max(spread_of([value - middle for value in logs]), _LEAST_SPREAD)
    return max(float(np.exp(middle + _SIGMAS * spread)), _ABOVE_LARGEST * max(earlier))
