"""One hour of GPUs as an answer: what was measured of the series as rows of usage."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from collectors.api.windowed import Answered
from collectors.api.windows import HOUR
from collectors.base import Window
from collectors.gpus.hours import Limits, measure_hour
from collectors.gpus.series import Series


def answered_hour(hour: Window, series: Iterable[Series], step: timedelta, limits: Limits) -> Iterator[Answered]:
    """Yield the usage of an hour from series cut to its time slots; nothing, a gap, where there is no sample."""
    rows = [
        {
            "hour": hour.start,
            "metric": measure.metric,
            "pool": measure.pool,
            "quantity": measure.quantity,
            **dict(measure.facts),
        }
        for measure in measure_hour(series, HOUR // step, limits)
    ]
    if rows:
        yield Answered(hour, rows)


def of_hour(series: Iterable[Series], number: int, step: timedelta) -> Iterator[Series]:
    """Cut series to the time slots of one hour, counted from the start of the first slot."""
    an_hour = HOUR // step
    slots = range(number * an_hour, (number + 1) * an_hour)
    for one in series:
        yield replace(one, percents={slot: one.percents[slot] for slot in slots if slot in one.percents})
