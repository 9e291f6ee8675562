"""Weekends that no longer rest: what was shut down on Saturdays and Sundays runs on."""

import math

import numpy as np

from alerts.detect.anomalous import AnomalousDay
from alerts.detect.baseline import MEDIAN_TO_SIGMA, WEEK, Baseline
from alerts.detect.medians import median

_WORKDAYS = 5
_WEEKENDS = 8
_LEAST_WEEKENDS = 3
_RESTS = -0.25
_CLOSES = 0.6
_SIGMAS = 3.5
_LEAST_RISE = 0.35
_LEAST_SPREAD = 0.06
_EACH = 0.6


def busy_weekends(baseline: Baseline, start: int, gate: float) -> list[AnomalousDay]:
    """Return both days of each complete weekend from `start` on that closes most of its usual gap to the workdays.

    A weekend is compared, on the log scale, with the workdays before it: what rises on all days is another rule's.
    Where holidays keep those low, the workdays of the weeks before count.
    """
    found: list[AnomalousDay] = []
    if float(np.min(baseline.profile)) > _RESTS / 2:
        return found
    saturday = (_WORKDAYS - baseline.first.weekday()) % WEEK
    gaps: list[float] = []
    works: list[float] = []
    begin = saturday + WEEK * max((start - saturday) // WEEK - _WEEKENDS - 1, 0)
    for day in range(max(begin, saturday if saturday >= _WORKDAYS else saturday + WEEK), baseline.settled - 1, WEEK):
        logs: list[float] = baseline.logs[day - _WORKDAYS : day + 2].tolist()
        if any(map(math.isnan, logs)):
            continue
        workday = median(logs[:_WORKDAYS])
        if day + 1 >= start and len(gaps) >= _LEAST_WEEKENDS:
            found += _judge(baseline, day, max(workday, median(works[-4:])), gaps[-_WEEKENDS:], gate)
        gaps.append((logs[-2] + logs[-1]) / 2 - workday)
        works.append(workday)
    return found


def _judge(baseline: Baseline, day: int, workday: float, gaps: list[float], gate: float) -> list[AnomalousDay]:
    usual = median(gaps)
    if usual > _RESTS:
        return []
    spread = max(MEDIAN_TO_SIGMA * median([abs(gap - usual) for gap in gaps]), _LEAST_SPREAD)
    saturday, sunday = (float(baseline.logs[day + index]) - workday - usual for index in (0, 1))
    rise = (saturday + sunday) / 2
    needed = max(_SIGMAS * spread, _LEAST_RISE, -_CLOSES * usual)
    if rise < needed or min(saturday, sunday) < _EACH * rise:
        return []
    expected = max(math.exp(workday + usual) - baseline.offset, 0.0)
    band = max(math.exp(workday + usual + needed) - baseline.offset, expected + gate)
    if float(np.sum(baseline.amounts[day : day + 2])) - 2 * expected < 2 * gate:
        return []
    return [AnomalousDay(day + index, "weekend", expected, band) for index in (0, 1)]
