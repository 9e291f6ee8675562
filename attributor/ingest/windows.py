"""Which hours a source of an API is asked for: the first time, and again where it may have changed them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from attributor.ledger.collected import CollectedDay, collected_days
from attributor.ledger.sources import coverage_of
from attributor.periods import days_between, month_of, start_of
from collectors.base import Backfilling, Collector, Counting, Window
from collectors.spans import united

_A_DAY = timedelta(days=1)


def windows_to_ask(collector: Collector, engine: Engine, now: datetime) -> Sequence[Window | None]:
    """Return the hours to ask an API for, month by month, the oldest first: each is stored before the next is asked.

    From the day that it may have restated until the last whole hour; from its `backfill` ago where nothing is covered
    yet, and [None], for everything, where it names none. What was interrupted goes on where coverage ends. Each window
    begins at midnight because days are replaced whole.
    """
    until = now.replace(minute=0, second=0, microsecond=0)
    covered = coverage_of(engine, collector.name)
    if covered:
        begins = max(span.end for span in covered) - collector.restates
        window = _whole_days(begins, until)
        if isinstance(collector, Counting):
            stored = {day: found.rows for day, found in known_days(collector, engine).items()}
            return by_months(_days_to_read(window, collector.row_counts(window), stored, covered))
    elif isinstance(collector, Backfilling):
        begins = now - collector.backfill
    else:
        return [None]
    return by_months([_whole_days(begins, until)])


def known_days(collector: Collector, engine: Engine) -> dict[date, CollectedDay]:
    """Return what is stored of each day of a source."""
    stored = collected_days(engine, collector.table)
    return {day: found for (source, day), found in stored.items() if source == collector.name}


def _days_to_read(
    window: Window, counts: Mapping[date, int], stored: Mapping[date, int], covered: Sequence[Window]
) -> tuple[Window, ...]:
    """Return the days of a window that have other numbers of rows than are stored, or are over and not covered yet."""
    found = []
    for first in days_between(window.start.date(), window.end.date() + _A_DAY):
        day = Window(start_of(first), min(start_of(first + _A_DAY), window.end))
        needs_nothing = day.end < start_of(first + _A_DAY) or any(of.start <= day.start < of.end for of in covered)
        if counts.get(first, 0) != stored.get(first, 0) or (first in counts and not needs_nothing):
            found.append(day)
    return united(found)


def _whole_days(begins: datetime, until: datetime) -> Window:
    return Window(start_of(min(begins, until).date()), until)


def by_months(windows: Iterable[Window]) -> list[Window | None]:
    """Cut windows into months, the oldest first."""
    return [month for window in windows for month in _by_month(window)]


def _by_month(window: Window) -> Iterator[Window]:
    start = window.start
    while (following := start_of(month_of(start.date()).end)) < window.end:
        yield Window(start, following)
        start = following
    yield Window(start, window.end)
