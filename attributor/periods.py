"""Periods: half-open, aware UTC; a month is written YYYY-MM."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


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


def days_between(first: date, end: date) -> Iterator[date]:
    """Yield the days of [first, end)."""
    for offset in range((end - first).days):
        yield first + timedelta(days=offset)


def start_of(day: date) -> datetime:
    """Return midnight UTC at the start of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
