"""Hours in which people want quiet, and the moments at which what can wait is told, in their own time zones."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
_MIDNIGHT = time(0)


@dataclass(frozen=True)
class QuietHours:
    """From `start` to `end` on `days` (0 is Monday) by the clocks of `zone`; past midnight where `end` is not later.

    Such a night belongs to the day on which it begins. Equal times are the whole day.
    """

    name: str
    start: time = _MIDNIGHT
    end: time = _MIDNIGHT
    days: frozenset[int] = EVERY_DAY
    zone: tzinfo = UTC

    def until(self, now: datetime) -> datetime | None:
        """Return when the quiet that `now` falls into ends, aware UTC, or None where it is not quiet."""
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            if day.weekday() in self.days:
                last = day if self.start < self.end else day + timedelta(days=1)
                begins = datetime.combine(day, self.start, self.zone).astimezone(UTC)
                ends = datetime.combine(last, self.end, self.zone).astimezone(UTC)
                if begins <= now < ends:
                    return ends
        return None


@dataclass(frozen=True)
class Rounds:
    """A moment that comes every day at `at`, or on `days` alone, by the clocks of `zone`."""

    at: time
    days: frozenset[int] = EVERY_DAY
    zone: tzinfo = UTC

    def next_after(self, moment: datetime) -> datetime:
        """Return the first such moment later than the given one, aware UTC."""
        day = moment.astimezone(self.zone).date()
        while True:
            found = datetime.combine(day, self.at, self.zone).astimezone(UTC)
            if found > moment and day.weekday() in self.days:
                return found
            day += timedelta(days=1)

    def last_until(self, moment: datetime) -> datetime:
        """Return the latest such moment that is not later than the given one, aware UTC."""
        day = moment.astimezone(self.zone).date() + timedelta(days=1)
        while True:
            found = datetime.combine(day, self.at, self.zone).astimezone(UTC)
            if found <= moment and day.weekday() in self.days:
                return found
            day -= timedelta(days=1)
