"""Periods: half-open, aware UTC; a month is written YYYY-MM, other periods as `parse_period` says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_NAMED = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-W(?P<week>\d{2}))?", re.ASCII)
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)
_FIRST_YEAR, _LAST_YEAR, _LAST_WRITTEN = 1970, 2199, 9999
LONGEST_DAYS = 1096
"""The longest period that can be asked for: three years."""


@dataclass(frozen=True, order=True)
class Month:
    """A UTC calendar month."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        """The first day of the next month: the month is [first, end)."""
        return date(self.year + self.month // 12, self.month % 12 + 1, 1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days

    def plus(self, months: int) -> "Month":
        """Return the month so many months later; earlier where negative."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)


def parse_month(text: str) -> Month:
    """Read "YYYY-MM" from 1970 to 2199, the years that charges may be of; raise ValueError that says the form."""
    match = _MONTH.fullmatch(text)
    if match is None or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
        raise ValueError(f"{text!r} is not a month; write it as YYYY-MM, for example 2026-10")
    return Month(int(match[1]), int(match[2]))


def month_of(day: date) -> Month:
    """Return the UTC month a day is in."""
    return Month(day.year, day.month)


SpanKind = Literal["quarter", "week", "year", "days"]


@dataclass(frozen=True, order=True)
class Span:
    """Whole UTC days [first, end) that are no calendar month: a quarter, an ISO week, a year, or any days."""

    first: date
    end: date
    kind: SpanKind = "days"

    def __str__(self) -> str:
        if self.kind == "quarter":
            return f"{self.first.year:04d}-Q{self.first.month // 3 + 1}"
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year:04d}-W{week:02d}"
        if self.kind == "year":
            return f"{self.first.year:04d}"
        return f"{self.first}..{self.last}"

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days

    def plus(self, count: int) -> "Span":
        """Return the span so many of its own length later; earlier where negative."""
        months = {"quarter": 3, "year": 12}.get(self.kind)
        if months is not None:
            first = month_of(self.first).plus(months * count)
            return Span(first.first, first.plus(months).first, self.kind)
        moved = timedelta(days=self.days * count)
        return Span(self.first + moved, self.end + moved, self.kind)


Period = Month | Span
"""Whole UTC days, half-open. Both kinds have `first`, `end`, `days` and `plus`, and are written as they are read."""


def parse_period(text: str) -> Period:
    """Read a month, "2026-Q4", "2026-W47" (ISO 8601), "2026", or "2026-11-03..2026-11-20" with both days in it.

    Days that are a whole month are that month. Raises ValueError that says the forms.
    """
    if _MONTH.fullmatch(text):
        return parse_month(text)
    found = _named(text) or _days(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a period; write it as 2026-11, 2026-Q4, 2026-W47, 2026 or 2026-11-03..2026-11-20"
        )
    if not found.first.year >= _FIRST_YEAR or not found.last.year <= _LAST_YEAR:
        raise ValueError(f"{text!r} lies outside of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    month = month_of(found.first)
    return month if (found.first, found.end) == (month.first, month.end) else found


def _named(text: str) -> Span | None:
    match = _NAMED.fullmatch(text)
    if match is None or not 1 < int(match["year"]) < _LAST_WRITTEN:
        return None
    year = int(match["year"])
    if match["week"]:
        try:
            first = date.fromisocalendar(year, int(match["week"]), 1)
        except ValueError:
            return None
        return Span(first, first + timedelta(days=7), "week")
    if match["quarter"]:
        begins = Month(year, 3 * int(match["quarter"]) - 2)
        return Span(begins.first, begins.plus(3).first, "quarter")
    return Span(date(year, 1, 1), date(year + 1, 1, 1), "year")


def _days(text: str) -> Span | None:
    match = _DAYS.fullmatch(text)
    try:
        first, last = (date.fromisoformat(day) for day in match.groups()) if match else (None, None)
    except ValueError:
        return None
    if first is None or last is None or last == date.max:
        return None
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    if (last - first).days >= LONGEST_DAYS:
        raise ValueError(f"{text!r} is longer than {LONGEST_DAYS} days")
    return Span(first, last + timedelta(days=1))


def days_between(first: date, end: date) -> Iterator[date]:
    """Yield the days of [first, end)."""
    for offset in range((end - first).days):
        yield first + timedelta(days=offset)


def start_of(day: date) -> datetime:
    """Return midnight UTC at the start of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
