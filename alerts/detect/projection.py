"""What the days to come will cost, as the days before them say: a level, the weekdays, growth, the turn of the year.

Habits are learned for several origins in one go, one origin a row, so that past months are replayed cheaply. Columns
are days, the newest last; a day's place in its week is counted from the end, so that no calendar is needed for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alerts.detect.baseline import WEEK
from alerts.detect.medians import Floats, median_of_known

Flags = NDArray[np.bool_]

WINDOW = 18 * WEEK
"""The days that are looked back on."""
_PROFILE = 12 * WEEK
_FORGETS = 0.08
"""How much less each day counts for the level than the day after it: half of it is of the last 8 days."""
_PRIOR = 0.25
_LEAST_SHARE = 0.05
_LEAST_WEEKS = 4
_STEEPEST = 0.04
"""The steepest growth believed, as a share of the level a week."""
_DAMPING = 0.9
_EARLIER, _LATER = np.triu_indices(WINDOW // WEEK, k=1)


@dataclass(frozen=True)
class Habits:
    """What an origin's days before it say, one origin a row.

    level: what an average day costs. weekdays: what share of it the next seven days cost, then again. rest: what a
    day of rest costs at most, as such a share. growth: share of the level that a week adds.
    """

    level: Floats
    weekdays: Floats
    rest: Floats
    growth: Floats

    def daily(self, resting: Flags) -> Floats:
        """Return what the days cost that follow the origins, as many as there are columns."""
        ahead = np.arange(resting.shape[1])
        shares = self.weekdays[:, ahead % WEEK]
        shares = np.where(resting, np.minimum(shares, self.rest[:, None]), shares)
        grown = (1 - _DAMPING ** ((ahead + 1) / WEEK)) / (1 - _DAMPING)
        days: Floats = self.level[:, None] * shares * (1 + self.growth[:, None] * grown)
        return days


def year_end(first: date, size: int) -> Flags:
    """Say of each day from `first` on whether it is one from 24 December to 1 January: offices rest on them."""
    resting = np.zeros(size, dtype=np.bool_)
    for year in range(first.year - 1, (first + timedelta(days=size)).year + 1):
        begin = (date(year, 12, 24) - first).days
        resting[max(begin, 0) : max(begin + 9, 0)] = True
    return resting


def project(amounts: Floats, first: date, spans: Sequence[tuple[int, int]]) -> list[Floats]:
    """Forecast the days of each span [from, to), counted from `first`, from the days before it; NaN is not known."""
    starts = np.array([start for start, _ in spans])
    longest = max(end - start for start, end in spans)
    before = np.concatenate([np.full(WINDOW, np.nan), amounts])
    resting = year_end(first - timedelta(days=WINDOW), WINDOW + int(starts.max()) + longest)
    windows = starts[:, None] + np.arange(WINDOW)
    known = habits(before[windows], resting[windows])
    days = known.daily(resting[starts[:, None] + WINDOW + np.arange(longest)])
    return [row[: end - start] for row, (start, end) in zip(days, spans, strict=True)]


def habits(days: Floats, resting: Flags) -> Habits:
    """Learn habits from the last WINDOW days before each origin, NaN where a day is not known."""
    weekdays = _weekdays(days, resting)
    rest = np.sort(weekdays, axis=1)[:, :2].mean(axis=1)
    shares = np.tile(weekdays, WINDOW // WEEK)
    shares = np.where(resting, np.minimum(shares, rest[:, None]), shares)
    shares[np.isnan(days)] = 0.0
    costs = np.nan_to_num(days)
    weights = (1 - _FORGETS) ** np.arange(WINDOW)[::-1]
    level = np.nan_to_num(_over(costs @ weights, shares @ weights))
    return Habits(level, weekdays, rest, _growth(_over(_by_week(costs).sum(axis=2), _by_week(shares).sum(axis=2))))


def _weekdays(days: Floats, resting: Flags) -> Floats:
    """Return each weekday's mean share of the average day of the week around it, shrunk towards 1."""
    usual = np.where(resting, np.nan, days)[:, -_PROFILE:]
    around = sliding_window_view(usual, WEEK, axis=1).mean(axis=2)
    shares, known = np.zeros(usual.shape), np.zeros(usual.shape)
    middle = slice(WEEK // 2, -(WEEK // 2))
    known[:, middle] = around > 0  # not where one of the seven is unknown
    np.divide(usual[:, middle], around, out=shares[:, middle], where=around > 0)
    sums = _by_week(np.clip(shares, 0.0, WEEK)).sum(axis=1)
    mean = (sums + _PRIOR) / (_by_week(known).sum(axis=1) + _PRIOR)
    weekdays: Floats = np.maximum(mean * (WEEK / mean.sum(axis=1, keepdims=True)), _LEAST_SHARE)
    return weekdays


def _growth(weekly: Floats) -> Floats:
    """Return the Theil-Sen slope of the weeks' levels, as a share of their mean; 0 where few weeks are known."""
    known = np.sum(~np.isnan(weekly), axis=1)
    slope = median_of_known((weekly[:, _LATER] - weekly[:, _EARLIER]) / (_LATER - _EARLIER))
    growth = np.nan_to_num(_over(slope, np.nansum(weekly, axis=1) / np.maximum(known, 1)))
    limited: Floats = np.where(known >= _LEAST_WEEKS, np.clip(growth, -_STEEPEST, _STEEPEST), 0.0)
    return limited


def _by_week(days: Floats) -> Floats:
    weeks: Floats = days.reshape(len(days), -1, WEEK)
    return weeks


def _over(amounts: Floats, parts: Floats) -> Floats:
    """Divide where the divisor is above 0; NaN elsewhere."""
    result: Floats = np.full(amounts.shape, np.nan)
    np.divide(amounts, parts, out=result, where=parts > 0)
    return result
