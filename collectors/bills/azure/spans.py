"""Spans of days and whole months in UTC, half-open."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from collectors.base import Window

_RANGE = re.compile(r"([0-9]{8})-([0-9]{8})")


def months_of(span: Window) -> Window:
    """Return the whole months that a span reaches into."""
    last = span.end - timedelta(microseconds=1)
    return Window(_first_day(span.start), _next_month(_first_day(last)))


def each_month(span: Window) -> tuple[Window, ...]:
    """Return the whole months within a span, in order."""
    start = _first_day(span.start)
    if start < span.start:
        start = _next_month(start)
    found: list[Window] = []
    while _next_month(start) <= span.end:
        found.append(Window(start, _next_month(start)))
        start = _next_month(start)
    return tuple(found)


def range_of(folder: str) -> Window | None:
    """Read a folder's name such as 20261101-20261130, both days included; None where it is no such name."""
    match = _RANGE.fullmatch(folder)
    if match is None:
        return None
    try:
        first, last = (datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC) for text in match.groups())
    except ValueError:  # digits that are no date
        return None
    return Window(first, last + timedelta(days=1)) if first <= last else None


def overlaps(span: Window, others: Iterable[Window]) -> bool:
    """Tell whether a span shares a moment with one of the others."""
    return any(span.start < other.end and other.start < span.end for other in others)


def is_covered(span: Window, others: Iterable[Window]) -> bool:
    """Tell whether every moment of a span lies in one of the others."""
    reached = span.start
    for other in sorted(others):
        if other.start <= reached < other.end:
            reached = other.end
    return reached >= span.end


def _first_day(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, 1, tzinfo=UTC)


def _next_month(first: datetime) -> datetime:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
