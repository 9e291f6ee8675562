"""The memory of the calendar: fees on the first, batches at month's end, jobs every k days are no anomalies."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from alerts.detect.baseline import Baseline

_ALIKE = 0.55
_LONGEST_PERIOD = 31
_MONTHS_BACK = 3
_NEAR_MONTHS_END = 3
_RARE = 0.1
"""What comes on more days than that comes on some day of every month, by chance."""
_RARE_WITHIN = 120


def recurs(baseline: Baseline, day: int, excess: float) -> bool:
    """Say whether a log excess over the level on day `day` is one that this series shows on such days.

    The first of a month is not judged before another one was seen: fees come on it.
    """
    wanted = _ALIKE * excess
    today = baseline.first + timedelta(days=day)
    if today.day == 1 and baseline.first.day > 1 and day < monthrange(baseline.first.year, baseline.first.month)[1]:
        return True
    return _every_few_days(baseline, day, wanted) or _monthly(baseline, day, today, wanted)


def _every_few_days(baseline: Baseline, day: int, wanted: float) -> bool:
    longest = min(_LONGEST_PERIOD, day // 2)
    if longest < 2:
        return False
    once = baseline.local[day - longest : day - 1]
    twice = baseline.local[day - 2 * longest : day - 3 : 2]
    return bool(np.any(np.minimum(once, twice) >= wanted))


def _monthly(baseline: Baseline, day: int, today: date, wanted: float) -> bool:
    before = baseline.local[max(day - _RARE_WITHIN, 0) : day]
    if before.size == 0 or np.mean(before >= wanted) > _RARE:
        return False
    return any(0 <= peer < day and baseline.local[peer] >= wanted for peer in _peers(baseline.first, today))


def _peers(first: date, today: date) -> Iterator[int]:
    """Yield the days of the months before with the same number, counted from the start or from the end."""
    from_end = monthrange(today.year, today.month)[1] - today.day
    for months in range(1, _MONTHS_BACK + 1):
        index = today.year * 12 + today.month - 1 - months
        year, month = index // 12, index % 12 + 1
        length = monthrange(year, month)[1]
        numbers = {today.day, length - from_end}
        if today.day <= _NEAR_MONTHS_END or from_end <= _NEAR_MONTHS_END:
            numbers |= {number + shift for number in numbers for shift in (-1, 1)}
        for number in numbers:
            if 1 <= number <= length:
                yield (date(year, month, number) - first).days
