"""Windows of time: cut to whole hours or days, and into pieces that an API answers at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from collectors.base import Window

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def floored(instant: datetime, unit: timedelta) -> datetime:
    """Return the start of the hour or UTC day (any unit that divides a day) that an instant lies in."""
    return _EPOCH + (instant - _EPOCH) // unit * unit


def whole(window: Window, unit: timedelta, now: datetime) -> Window:
    """Return the whole units within a window that are over at `now`; it is empty where there are none."""
    start = floored(window.start + unit - timedelta(microseconds=1), unit)
    return Window(start, max(start, floored(min(window.end, now), unit)))


def pieces(window: Window, length: timedelta) -> Iterator[Window]:
    """Cut a window into pieces of at most that length, the oldest first."""
    start = window.start
    while start < window.end:
        end = min(start + length, window.end)
        yield Window(start, end)
        start = end


def month_of(instant: datetime) -> Window:
    """Return the month that an instant lies in, by its own time zone."""
    start = datetime(instant.year, instant.month, 1, tzinfo=instant.tzinfo)
    return Window(start, datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=start.tzinfo))
