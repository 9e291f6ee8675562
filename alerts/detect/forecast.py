"""What a month will have cost at its end: the mean of three simple forecasts, with an 80 % interval.

The interval comes from what the same method would have missed in past months, as residual over remaining forecast
(pooled split conformal, Lei et al. 2018). Floats are used for the statistics; the result is rounded to cents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alerts.amounts import cents_of_estimate
from alerts.detect.baseline import Floats

Days = NDArray[np.int64]
Method = Literal["mean of three", "run rate", "too little history"]

COVERED = 0.8
LEAST_DAYS = 28
_LEAST_MONTHS = 2
_WEEKS = 4
_DAMPING = 0.9
_STEEPEST = 0.07
"""The steepest drift believed, as a share of the level a week."""
_GUESSED_ERROR = 0.25
_SHIFTS = (-3, 0, 3)
"""Each past month is replayed on neighbouring days too; they tell little more than one, so the level counts months."""


@dataclass(frozen=True)
class Forecast:
    """A month's whole cost in the history's currency; it lies in [low, high] in about 80 % of the months.

    `method` says what it rests on; with "too little history" the interval is a guess.
    """

    amount: Decimal
    low: Decimal
    high: Decimal
    method: Method


def month_end(history: Sequence[tuple[date, Decimal, bool]], today: date) -> Forecast | None:
    """Forecast the cost of the UTC month that `today` is in; None where nothing at all is known.

    `history` holds (day, cost, complete), oldest first, a day at most once; a day not complete counts as a lower
    bound, a missing one as unknown. Purchases and other one-off charges of the month stay in as facts.
    """
    known = [(day, float(amount), complete) for day, amount, complete in history if day <= today]
    if not known:
        return None
    first = known[0][0]
    amounts, complete = _series(known, today)
    begin = (today.replace(day=1) - first).days
    length = _month_length(today)
    settled = int(np.flatnonzero(complete)[-1]) + 1 if complete.any() else 0
    if settled < LEAST_DAYS:
        return _run_rate(amounts, complete, max(begin, 0), length)
    amount, remaining = _project(amounts, begin, length, settled)
    low, high = _interval(amounts, first, settled - begin)
    spent = float(np.nansum(amounts[max(begin, 0) :]))
    return Forecast(
        cents_of_estimate(amount),
        cents_of_estimate(max(amount + low * remaining, min(spent, amount))),
        cents_of_estimate(amount + high * remaining),
        "mean of three",
    )


def _series(known: Sequence[tuple[date, float, bool]], today: date) -> tuple[Floats, NDArray[np.bool_]]:
    """Return amounts by day up to today, NaN where unknown, and which are complete."""
    first = known[0][0]
    size = (today - first).days + 1
    amounts, complete = np.full(size, np.nan), np.zeros(size, dtype=np.bool_)
    for day, amount, settled in known:
        amounts[(day - first).days] = amount
        complete[(day - first).days] = settled
    return amounts, complete


def _month_length(day: date) -> int:
    first = day.replace(day=1)
    return ((first + timedelta(days=31)).replace(day=1) - first).days


def _run_rate(amounts: Floats, complete: NDArray[np.bool_], begin: int, length: int) -> Forecast:
    """Extend the mean of the complete days, or of all where none is; the interval is a quarter of what is not known."""
    known = amounts[complete] if complete.any() else amounts
    mean = _mean_of_known(known)
    seen = np.nansum(amounts[begin:])
    settled = amounts[begin:][complete[begin:]]
    partial = amounts[begin:][~complete[begin:]]
    open_days = float(np.sum(np.fmax(partial, mean))) + mean * (length - settled.size - partial.size)
    amount = float(np.sum(settled)) + open_days
    slack = _GUESSED_ERROR * abs(open_days)
    low = max(amount - slack, min(float(seen), amount))
    return Forecast(
        cents_of_estimate(amount), cents_of_estimate(low), cents_of_estimate(amount + slack), "too little history"
    )


def _project(amounts: Floats, begin: int, length: int, settled: int) -> tuple[float, float]:
    """Return the month's amount and the part of it that is forecast.

    Days from `settled` on are lower bounds; an unknown day before it counts as the mean of the four weeks before.
    """
    future = np.arange(settled, begin + length)
    days = daily_forecast(amounts[:settled], future)
    partial = np.full(future.size, np.nan)
    seen = amounts[settled : begin + length]
    partial[: seen.size] = seen
    remaining = float(np.sum(np.fmax(days, partial)[future >= begin]))
    past = amounts[max(begin, 0) : settled]
    gaps = int(np.sum(np.isnan(past)))
    mean = _mean_of_known(amounts[settled - _WEEKS * 7 : settled]) if gaps else 0.0
    return float(np.nansum(past)) + gaps * mean + remaining, remaining


def _mean_of_known(amounts: Floats) -> float:
    known = amounts[~np.isnan(amounts)]
    return float(known.sum()) / known.size if known.size else 0.0


def daily_forecast(amounts: Floats, future: Days) -> Floats:
    """Return the mean of three: the mean of four weeks, the same weekdays of them, and their damped drift."""
    weeks = amounts[-_WEEKS * 7 :].reshape(_WEEKS, 7)
    mean = _mean_of_known(weeks)
    weeks = np.where(np.isnan(weeks), mean, weeks)
    ahead = future - amounts.size
    same_weekday = (weeks.sum(axis=0) + mean)[ahead % 7] / (_WEEKS + 1)
    drifting = same_weekday + _drift(weeks.mean(axis=1), ahead)
    result: Floats = (mean + same_weekday + drifting) / 3
    return result


def _drift(means: Floats, ahead: Days) -> Floats:
    """Return how far the weekly means lead away from their own mean: halfway to the last week, then damped growth."""
    weeks: list[float] = means.tolist()  # so few that plain floats are quicker than arrays
    mean, last = sum(weeks) / len(weeks), weeks[-1]
    steepest = _STEEPEST * abs(mean)
    weekly = min(max((sum(weeks[2:]) - sum(weeks[:2])) / 4, -steepest), steepest)
    growth: Floats = weekly * (1 - _DAMPING ** ((ahead + 1) / 7)) / (1 - _DAMPING)
    return (last - mean) / 2 + growth / 2


def _interval(amounts: Floats, first: date, known_days: int) -> tuple[float, float]:
    """Return the low and high quantile of residual over remaining forecast in the past months at the same day."""
    ratios = _past_ratios(amounts, first, known_days)
    if len(ratios) < _LEAST_MONTHS:
        return -_GUESSED_ERROR, _GUESSED_ERROR
    level = min(COVERED * (1 + len(_SHIFTS) / len(ratios)), 1.0)
    size = float(np.quantile(np.abs(ratios), level))
    return -size, size


def _past_ratios(amounts: Floats, first: date, known_days: int) -> list[float]:
    """Replay past months: what remained after so many known days, against what was forecast of it then."""
    ratios: list[float] = []
    last = first + timedelta(days=amounts.size - 1)
    month = last.replace(day=1)
    while len(ratios) < 36:
        month = (month - timedelta(days=1)).replace(day=1)
        begin = (month - first).days
        for shift in _SHIFTS:
            settled = begin + known_days + shift
            end = begin + _month_length(month)
            if settled < LEAST_DAYS or settled >= end or begin < 0:
                continue
            truth = float(np.nansum(amounts[settled:end]))
            _, remaining = _project(amounts[:settled], begin, end - begin, settled)
            if remaining > 0:
                ratios.append((truth - remaining) / remaining)
        if begin < 0:
            break
    return ratios
