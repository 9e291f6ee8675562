"""Which stored days a reading changes: those whose rows differ, and those that it took back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from attributor.ingest.gaps import less, within
from attributor.ingest.staging import StagedDay
from attributor.lake.lake import Lake
from attributor.lake.views import Pin, open_view
from attributor.ledger.collected import CollectedDay
from attributor.periods import days_between, start_of
from collectors.base import Collector, Reading, Window

EMPTY_DAY = "empty"
"""The digest of a day that a source speaks of and has no rows for."""
_VIEW, _PLACES = "stored_days", "places_read"
Known = Mapping[date, CollectedDay]


def changed_days(days: Sequence[StagedDay], known: Known, taken_back: Iterable[date]) -> list[StagedDay]:
    """Return the days to replace, the oldest first; days taken back are empty."""
    changed = [day for day in days if day.day not in known or known[day.day].digest != day.digest]
    return sorted([*changed, *(StagedDay(day, 0, EMPTY_DAY) for day in taken_back)], key=lambda day: day.day)


def absent_days(days: Sequence[StagedDay], known: Known) -> list[date]:
    """Return the stored days that have rows in the lake and none in this reading."""
    read = {day.day for day in days}
    return [day for day, stored in known.items() if stored.rows and day not in read]


def covered_days(absent: Sequence[date], coverage: Iterable[Window]) -> list[date]:
    """Return the absent days that an API was asked about and covered: there it says now that nothing was."""
    covered = {day for span in coverage for day in _days_touched(span)}
    return [day for day in absent if day in covered]


def days_told_less(days: Iterable[date], before: Sequence[Window], told: Sequence[Window]) -> set[date]:
    """Return the days of which an API told less now than it had before: replaced whole, they would lose the rest."""
    return {day for day in days if less(within(before, day_window(day)), told)}


def day_window(day: date) -> Window:
    """Return a UTC day as a span."""
    return Window(start_of(day), start_of(day + timedelta(days=1)))


def _days_touched(span: Window) -> Iterator[date]:
    last = span.end - timedelta(microseconds=1)
    return days_between(span.start.date(), last.date() + timedelta(days=1))


def dropped_days(
    lake: Lake, connection: duckdb.DuckDBPyConnection, collector: Collector, pins: Sequence[Pin], reading: Reading
) -> list[date]:
    """Return the pinned days all of whose files were read again and no longer have them.

    A day of a file that is gone stays as it is: a provider that deletes old files has not taken back the charges.
    """
    if not pins:
        return []
    open_view(lake, connection, _VIEW, collector.table, pins)
    connection.register(_PLACES, pa.table({"place": pa.array([file.place for file in reading.files], pa.string())}))
    found = connection.execute(
        f"""
        SELECT x_Day FROM {_VIEW} GROUP BY x_Day
        HAVING bool_and(regexp_replace(x_Origin, ':[0-9]+$', '') IN (SELECT place FROM {_PLACES})) ORDER BY x_Day
        """  # noqa: S608 - our own names
    ).fetchall()
    return [day for (day,) in found]
