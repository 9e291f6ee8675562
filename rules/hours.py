"""Hours counted from 1970 in UTC, and the buckets they fall in."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rules.outcomes import Per
from rules.sql import HOURS_PER_DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_BACK_HOURS = 7 * HOURS_PER_DAY
"""How far back `without_usage: previous` may lean."""


@dataclass(frozen=True)
class Span:
    """A half-open span of aware UTC time [start, end)."""

    start: datetime
    end: datetime


def instant(hour: int) -> datetime:
    """Return the aware UTC instant at which an hour begins."""
    return _EPOCH + timedelta(hours=hour)


def first_hour(day: date) -> int:
    """Return the first hour of a UTC day."""
    return (day - _EPOCH.date()).days * HOURS_PER_DAY


def bucket_of(day: date, per: Per) -> tuple[int, int]:
    """Return the half-open hours of the day, or of the month, that a day is in."""
    start = day.replace(day=1) if per == "month" else day
    return first_hour(start), end_of_bucket(first_hour(start), per)


def start_of_bucket(hour: int, per: Per) -> int:
    """Return the hour at which the bucket of an hour begins."""
    return hour if per == "hour" else bucket_of(instant(hour).date(), per)[0]


def end_of_bucket(start: int, per: Per) -> int:
    """Return the exclusive end of the bucket that begins at an hour."""
    if per == "hour":
        return start + 1
    if per == "day":
        return start + HOURS_PER_DAY
    first = instant(start).date()
    return first_hour(date(first.year + first.month // 12, first.month % 12 + 1, 1))


def shown_hours(window: tuple[int, int]) -> str:
    """Return a half-open window for people: a UTC day, whole days, or hours."""
    start, end = instant(window[0]), instant(window[1])
    if window[0] % HOURS_PER_DAY or window[1] % HOURS_PER_DAY:
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    last = (end - timedelta(days=1)).date()
    return str(last) if start.date() == last else f"{start.date()} to {last}"
