"""What a series usually costs: on a log scale, with a weekday profile, a robust level and a robust spread.

Floats are allowed here and in the modules that build on it: these are statistics, no charge is ever computed from them.
"""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alerts.detect.rhythm import DAILY, Rhythm

Floats = NDArray[np.float64]

WEEK = 7
MEDIAN_TO_SIGMA = 1.4826
GUESSED_SPREAD = 0.2
_GUESS_WEIGHT = 3
_YOUNG = 20
_PROFILE_WEEKS = 8
_WEEKLY_FROM = 4 * WEEK
_LOCAL_DAYS = 21
_EARLY = 3


@dataclass(frozen=True)
class Baseline:
    """A series prepared for judging; arrays are by point since `first`, the oldest first, NaN where nothing is known.

    rhythm: of days or of hours. amounts: as given; the first `settled` of them are complete. offset: added before the
    logarithm, so that zero is finite. logs: the logarithms. profile: the usual log distance of a point's weekday or
    hour. adjusted: logs without the profile. residuals: adjusted over the level of the points before. local: adjusted
    over the points around.
    """

    rhythm: Rhythm
    first: date
    amounts: Floats
    settled: int
    offset: float
    logs: Floats
    profile: Floats
    adjusted: Floats
    residuals: Floats
    local: Floats

    def amount_at(self, level: float, day: int) -> float:
        """Return the money, 0 or more, that an adjusted log level means on a day."""
        return max(math.exp(level + self.profile[day]) - self.offset, 0.0)


def prepare(first: date, amounts: Floats, settled: int) -> Baseline:
    """Build the baseline of a series whose first day is `first`; credits (negative days) count as zero."""
    positive = amounts[amounts > 0]
    typical = float(np.median(positive[-60:])) if positive.size else 1.0
    offset = 0.03 * typical + 0.01
    logs = np.log(np.maximum(amounts, 0.0) + offset)
    profile = _profile(logs[:settled], first, logs.size)
    adjusted = logs - profile
    around = np.full(adjusted.size + _LOCAL_DAYS - 1, np.nan)
    around[_LOCAL_DAYS // 2 : _LOCAL_DAYS // 2 + adjusted.size] = adjusted
    local = np.nan_to_num(adjusted - median_of_known(sliding_window_view(around, _LOCAL_DAYS)), nan=-np.inf)
    residuals = residuals_of(adjusted, DAILY)
    return Baseline(DAILY, first, amounts, settled, offset, logs, profile, adjusted, residuals, local)


def _profile(logs: Floats, first: date, size: int) -> Floats:
    """Return each day's usual distance from its week: the median of the same weekdays before it, shrunk towards 0.

    `logs` are of the complete days. A young series knows workdays from weekends only.
    """
    if logs.size < _WEEKLY_FROM:
        weekend = (np.arange(size) + first.weekday()) % WEEK >= 5
        young: Floats = np.where(weekend, _weekend_contrast(logs, weekend[: logs.size]), 0.0)
        return young
    distance = np.full(size + WEEK, np.nan)
    distance[3 : logs.size - 3] = logs[3:-3] - median_of_known(sliding_window_view(logs, WEEK))
    earlier = np.full((size, _PROFILE_WEEKS), np.nan)
    for week in range(1, min(_PROFILE_WEEKS, size // WEEK) + 1):
        earlier[week * WEEK :, week - 1] = distance[: size - week * WEEK]
    known = np.sum(~np.isnan(earlier), axis=1)
    profile: Floats = np.where(known >= 2, np.nan_to_num(median_of_known(earlier)) * known / (known + 1), 0.0)
    from_day = min(_WEEKLY_FROM, size - WEEK)
    profile[:from_day] = profile[from_day + (np.arange(from_day) - from_day) % WEEK]  # the first one known, for before
    return profile


def _weekend_contrast(logs: Floats, weekend: NDArray[np.bool_]) -> float:
    """Return how far weekends lie from workdays; 0 where too little is known of either."""
    known = ~np.isnan(logs)
    ends, works = logs[weekend & known], logs[~weekend & known]
    if ends.size < 2 or works.size < 3:
        return 0.0
    return float(np.median(ends) - np.median(works)) * ends.size / (ends.size + 1)


def median_of_known(rows: Floats) -> Floats:
    """Return each row's median over what is not NaN; NaN for a row with nothing known."""
    ordered = np.sort(rows, axis=-1)
    width = ordered.shape[1]
    if not np.isnan(ordered[:, -1]).any():
        plain: Floats = (ordered[:, (width - 1) // 2] + ordered[:, width // 2]) / 2
        return plain
    known = np.maximum(np.sum(~np.isnan(ordered), axis=-1), 1)
    row = np.arange(known.size)
    middle: Floats = (ordered[row, (known - 1) // 2] + ordered[row, np.minimum(known // 2, known - 1)]) / 2
    return middle


def residuals_of(adjusted: Floats, rhythm: Rhythm) -> Floats:
    """Return each point over the level that the points before it give, as `level_of`; NaN for the first points."""
    before = np.concatenate([np.full(rhythm.slow, np.nan), adjusted[:-1]])
    slow = median_of_known(sliding_window_view(before, rhythm.slow))
    fast = median_of_known(sliding_window_view(before[rhythm.slow - rhythm.level :], rhythm.level))
    residuals: Floats = adjusted - np.fmax(slow, fast)
    residuals[:_EARLY] = np.nan
    return residuals


def level_of(calm: list[float], rhythm: Rhythm) -> float:
    """Return the level after calm points: after a drop the slow one, so that coming back from a holiday is no shift."""
    return max(median(calm[-rhythm.level :]), median(calm[-rhythm.slow :]))


def median(values: list[float]) -> float:
    """Return the median of a short, non-empty list; faster than numpy below a hundred values."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread_of(residuals: list[float], least: float) -> float:
    """Return the robust standard deviation (MAD about zero), with a floor and, for few residuals, a guess."""
    count = len(residuals)
    if not count:
        return GUESSED_SPREAD
    spread = MEDIAN_TO_SIGMA * median([abs(value) for value in residuals])
    if count < _YOUNG:
        guess = _GUESS_WEIGHT * GUESSED_SPREAD**2
        spread = math.sqrt((count * spread**2 + guess) / (count + _GUESS_WEIGHT))
    return max(spread, least)
