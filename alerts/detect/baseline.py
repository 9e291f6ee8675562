"""What a series usually costs: on a log scale, with a weekday profile, a robust level and a robust spread.

Floats are allowed here and in the modules that build on it: these are statistics, no charge is ever computed from them.
"""

import math
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alerts.detect.medians import Floats, Newest, median_of, median_of_known, windows
from alerts.detect.rhythm import DAILY, Rhythm

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
    hour. adjusted: logs without the profile.
    """

    rhythm: Rhythm
    first: date
    amounts: Floats
    settled: int
    offset: float
    logs: Floats
    profile: Floats
    adjusted: Floats

    @cached_property
    def residuals(self) -> Floats:
        """Each point over the level of the points before it; NaN for the first points and for those too old to ask."""
        start = max(self.adjusted.size - self.rhythm.asked, _EARLY)
        residuals: Floats = np.full(self.adjusted.size, np.nan)
        residuals[start:] = self.adjusted[start:] - self.levels(start)
        return residuals

    @cached_property
    def local(self) -> Floats:
        """Each point over the level of the days around it, before and after."""
        around = np.full(self.adjusted.size + _LOCAL_DAYS - 1, np.nan)
        around[_LOCAL_DAYS // 2 : _LOCAL_DAYS // 2 + self.adjusted.size] = self.adjusted
        return np.nan_to_num(self.adjusted - median_of_known(windows(around, _LOCAL_DAYS)), nan=-np.inf)

    def levels(self, start: int) -> Floats:
        """Return the levels that the points before each give, of those from `start` on; after a drop the slow one."""
        slow, fast = self.rhythm.slow, self.rhythm.level
        before = np.full(self.adjusted.size - start + slow - 1, np.nan)
        known = self.adjusted[max(start - slow, 0) : -1]
        before[before.size - known.size :] = known
        levels: Floats = np.fmax(
            median_of_known(windows(before, slow)), median_of_known(windows(before[slow - fast :], fast))
        )
        return levels

    def amount_at(self, level: float, day: int) -> float:
        """Return the money, 0 or more, that an adjusted log level means on a day."""
        return max(math.exp(level + self.profile[day]) - self.offset, 0.0)


def prepare(first: date, amounts: Floats, settled: int) -> Baseline:
    """Build the baseline of a series whose first day is `first`; credits (negative days) count as zero."""
    positive = amounts[amounts > 0]
    typical = median_of(positive[-60:]) if positive.size else 1.0
    offset = 0.03 * typical + 0.01
    logs = np.log(np.maximum(amounts, 0.0) + offset)
    profile = _profile(logs[:settled], first, logs.size)
    return Baseline(DAILY, first, amounts, settled, offset, logs, profile, logs - profile)


def _profile(logs: Floats, first: date, size: int) -> Floats:
    """Return each day's usual distance from its week: the median of the same weekdays before it, shrunk towards 0.

    `logs` are of the complete days. A young series knows workdays from weekends only.
    """
    if logs.size < _WEEKLY_FROM:
        weekend = (np.arange(size) + first.weekday()) % WEEK >= 5
        young: Floats = np.where(weekend, _weekend_contrast(logs, weekend[: logs.size]), 0.0)
        return young
    distance = np.full(size + WEEK, np.nan)
    distance[3 : logs.size - 3] = logs[3:-3] - median_of_known(windows(logs, WEEK))
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
    return (median_of(ends) - median_of(works)) * ends.size / (ends.size + 1)


def spread_of(residuals: list[float], least: float) -> float:
    """Return the robust standard deviation (MAD about zero), with a floor and, for few residuals, a guess."""
    return spread_of_sizes(Newest(len(residuals), map(abs, residuals)), least)


def spread_of_sizes(sizes: Newest, least: float) -> float:
    """Return it from the sizes of the residuals, as `spread_of` does."""
    count = len(sizes)
    if not count:
        return GUESSED_SPREAD
    spread = MEDIAN_TO_SIGMA * sizes.median
    if count < _YOUNG:
        guess = _GUESS_WEIGHT * GUESSED_SPREAD**2
        spread = math.sqrt((count * spread**2 + guess) / (count + _GUESS_WEIGHT))
    return max(spread, least)
