"""What a daily series usually costs: on a log scale, with a weekday profile, a robust level and a robust spread.

Floats are allowed here and in the modules that build on it: these are statistics, no charge is ever computed from them.
Every value at day i uses days before i only, so that a day judged once is judged the same tomorrow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEEK = 7
PROFILE_WEEKS = 8
MEDIAN_TO_SIGMA = 1.4826
LEVEL_DAYS = 9
SLOW_LEVEL_DAYS = 28
SPREAD_DAYS = 42
LEAST_SPREAD = 0.07
_SHRINKAGE = 1.0


@dataclass(frozen=True)
class Baseline:
    """A series prepared for judging; arrays are by day, the oldest first, NaN where nothing is known.

    amounts: as given. offset: added before the logarithm, so that zero is finite. profile: the weekday's log excess
    over the week. adjusted: log amounts without the profile. residuals: adjusted over the level of the days before.
    """

    amounts: Floats
    offset: float
    profile: Floats
    adjusted: Floats
    residuals: Floats

    def amount_at(self, level: float, day: int) -> float:
        """Return the money that an adjusted log level means on a day."""
        return float(np.exp(level + self.profile[day])) - self.offset


def prepare(amounts: Floats) -> Baseline:
    """Build the baseline of a series; credits (negative days) count as zero."""
    positive = amounts[amounts > 0]
    typical = float(np.median(positive[-60:])) if positive.size else 1.0
    offset = 0.03 * typical + 0.01
    logs = np.log(np.maximum(amounts, 0.0) + offset)
    profile = weekday_profile(logs)
    adjusted = logs - profile
    return Baseline(amounts, offset, profile, adjusted, adjusted - _level_before(adjusted))


def weekday_profile(logs: Floats) -> Floats:
    """Return each day's usual distance from its week: the median over the same weekdays before, shrunk towards 0."""
    profile = np.zeros(logs.size)
    if logs.size <= 2 * WEEK:
        return profile
    weeks = sliding_window_view(logs, WEEK)
    distance = np.full(logs.size, np.nan)
    distance[3 : logs.size - 3] = logs[3 : logs.size - 3] - median_of_known(weeks)
    earlier = np.full((logs.size, PROFILE_WEEKS), np.nan)
    for week in range(1, min(PROFILE_WEEKS, logs.size // WEEK) + 1):
        earlier[week * WEEK :, week - 1] = distance[: logs.size - week * WEEK]
    known = np.sum(~np.isnan(earlier), axis=1)
    middle = median_of_known(earlier)
    return np.where(known >= 2, np.nan_to_num(middle) * known / (known + _SHRINKAGE), 0.0)


def median_of_known(rows: Floats) -> Floats:
    """Return each row's median over what is not NaN; NaN for a row with nothing known."""
    ordered = np.sort(rows, axis=-1)
    known = np.full(ordered.shape[0], ordered.shape[1])
    if np.isnan(ordered[:, -1]).any():
        known = np.maximum(np.sum(~np.isnan(ordered), axis=-1), 1)
    row = np.arange(known.size)
    middle: Floats = (ordered[row, (known - 1) // 2] + ordered[row, np.minimum(known // 2, known - 1)]) / 2
    return middle


def _level_before(adjusted: Floats) -> Floats:
    """Return the median of the LEVEL_DAYS before each day; NaN at the start."""
    level = np.full(adjusted.size, np.nan)
    if adjusted.size > LEVEL_DAYS:
        level[LEVEL_DAYS:] = median_of_known(sliding_window_view(adjusted, LEVEL_DAYS))[:-1]
    return level


def median(values: list[float]) -> float:
    """Return the median of a short, non-empty list; faster than numpy below a hundred values."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread_of(residuals: list[float]) -> float:
    """Return the robust standard deviation (MAD about zero) with a floor: no bill is as calm as its calmest month."""
    if not residuals:
        return 0.25
    return max(MEDIAN_TO_SIGMA * median([abs(value) for value in residuals]), LEAST_SPREAD)
