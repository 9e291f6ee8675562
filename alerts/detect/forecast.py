"""What a month will have cost at its end: what is known, the projection of its other days, and an 80 % interval.

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
from alerts.detect.medians import Floats
from alerts.detect.projection import project

Method = Literal["habits", "too little history"]

COVERED = 0.8
LEAST_DAYS = 28
_LEAST_MONTHS = 2
_MOST_SPANS = 36
_GUESSED_ERROR = 0.25
_SHIFTS = (-3, 0, 3)
"""Each past month is replayed on neighbouring days too; they tell little more than one, so the level counts months."""
_LEAST_ARRIVED = 0.25
"""Of days that come in smaller parts the part says nothing of the whole."""
_NEARLY_WHOLE = 0.9


@dataclass(frozen=True)
class Forecast:
    """A month's whole cost in the history's currency; it lies in [low, high] in about 80 % of the months.

    `method` says what it rests on; with "too little history" the interval is a guess.
    """

    amount: Decimal
    low: Decimal
    high: Decimal
    method: Method


def month_end(
    history: Sequence[tuple[date, Decimal, bool]], today: date, arrived: Sequence[float] = ()
) -> Forecast | None:
    """Forecast the cost of the UTC month that `today` is in; None where nothing at all is known.

    `history` holds (day, cost, complete), oldest first, a day at most once; a day not complete counts as a lower
    bound, a missing one as unknown. `arrived` says, where that is known, what share of a day's cost is usually there
    on the day itself, one day later and so on: incomplete days are scaled by it. Purchases and other one-off charges
    of the month stay in as facts.
    """
    known = [(day, float(amount), complete) for day, amount, complete in history if day <= today]
    if not known:
        return None
    first = known[0][0]
    amounts, complete = _series(known, today)
    begin, length = (today.replace(day=1) - first).days, _month_length(today)
    settled = int(np.flatnonzero(complete)[-1]) + 1 if complete.any() else 0
    if settled < LEAST_DAYS:
        return _run_rate(amounts, complete, max(begin, 0), length)
    spent = float(np.nansum(amounts[max(begin, 0) :]))
    amounts, settled = _completed(amounts, settled, arrived)
    past = _past_spans(first, settled, settled - begin)
    days, *replayed = project(amounts, first, [(settled, max(begin + length, settled)), *past])
    remaining = float(np.sum(np.fmax(days, _padded(amounts[settled:], days.size))[max(begin - settled, 0) :]))
    amount = _spent(amounts, begin, settled) + remaining
    missed = _quantile([_missed(amounts[slice(*span)], each) for span, each in zip(past, replayed, strict=True)])
    return Forecast(
        cents_of_estimate(amount),
        cents_of_estimate(max(amount - missed * remaining, min(spent, amount))),
        cents_of_estimate(amount + missed * remaining),
        "habits",
    )


def _completed(amounts: Floats, settled: int, arrived: Sequence[float]) -> tuple[Floats, int]:
    """Scale the incomplete days to what they will be; of those that are nearly whole, no more need be awaited."""
    scaled = amounts.copy()
    for age in range(min(amounts.size - settled, len(arrived)) - 1, -1, -1):
        day = amounts.size - 1 - age
        if arrived[age] >= _LEAST_ARRIVED:
            scaled[day] = amounts[day] / min(arrived[age], 1.0)
        if arrived[age] >= _NEARLY_WHOLE and day == settled:
            settled += 1
    return scaled, settled


def _padded(amounts: Floats, size: int) -> Floats:
    return np.concatenate([amounts[:size], np.full(max(size - amounts.size, 0), np.nan)])


def _spent(amounts: Floats, begin: int, settled: int) -> float:
    """Return what the month's settled days cost; one that is not known counts as the mean of the four weeks before."""
    past = amounts[max(begin, 0) : settled]
    gaps = int(np.sum(np.isnan(past)))
    mean = _mean_of_known(amounts[settled - LEAST_DAYS : settled]) if gaps else 0.0
    return float(np.nansum(past)) + gaps * mean


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


def _mean_of_known(amounts: Floats) -> float:
    known = amounts[~np.isnan(amounts)]
    return float(known.sum()) / known.size if known.size else 0.0


def _past_spans(first: date, settled: int, known_days: int) -> list[tuple[int, int]]:
    """Return what was still open of past months after so many known days, as spans of days counted from `first`."""
    spans: list[tuple[int, int]] = []
    month = first + timedelta(days=settled - 1)
    while (month := (month.replace(day=1) - timedelta(days=1)).replace(day=1)) >= first and len(spans) < _MOST_SPANS:
        begin = (month - first).days
        end = begin + _month_length(month)
        starts = (begin + known_days + shift for shift in _SHIFTS)
        spans += [(start, end) for start in starts if LEAST_DAYS <= start < end]
    return spans


def _missed(truth: Floats, forecast: Floats) -> float:
    """Return the residual over the forecast; NaN where that is none."""
    remaining = float(forecast.sum())
    return (float(np.nansum(truth)) - remaining) / remaining if remaining > 0 else np.nan


def _quantile(missed: Sequence[float]) -> float:
    """Return what COVERED of the past months missed less than."""
    known = [abs(each) for each in missed if each == each]
    if len(known) < _LEAST_MONTHS:
        return _GUESSED_ERROR
    return float(np.quantile(known, min(COVERED * (1 + len(_SHIFTS) / len(known)), 1.0)))
