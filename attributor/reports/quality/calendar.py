"""Which days of a period every source has told of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select

from attributor.ledger.tables import coverage, sources
from attributor.periods import Period, days_between, start_of

State = Literal["before", "whole", "part", "missing", "coming"]
_DAY = timedelta(days=1)
_MOST_DAYS = 92


@dataclass(frozen=True)
class DayState:
    """A UTC day: `whole`, `part` of its hours, `missing`, or `before` or `coming`: outside of all it has told of."""

    day: date
    state: State


@dataclass(frozen=True)
class SourceCalendar:
    """A source's days, oldest first; `missing` counts those before its newest that it has not told of in full."""

    source: str
    table: str
    days: tuple[DayState, ...]
    missing: int


_Span = tuple[datetime, datetime]


def calendars(connection: Connection, period: Period) -> tuple[SourceCalendar, ...]:
    """Return every source's calendar of the period's last 92 days, in the order of their names; two queries."""
    tables = {row.source: row.table_name for row in connection.execute(select(sources.c.source, sources.c.table_name))}
    spans: dict[str, list[_Span]] = {}
    for row in connection.execute(select(coverage.c.source, coverage.c.start, coverage.c.end)):
        spans.setdefault(row.source, []).append((row.start, row.end))
    first = max(period.first, period.end - _MOST_DAYS * _DAY)
    days = tuple(days_between(first, period.end))
    return tuple(_calendar(name, tables, spans.get(name, ()), days) for name in sorted(tables))


def _calendar(source: str, tables: Mapping[str, str], spans: Sequence[_Span], days: Iterable[date]) -> SourceCalendar:
    if not spans:
        return SourceCalendar(source, tables[source], (), 0)
    newest = max(end for _, end in spans)
    found = tuple(DayState(day, _state(day, spans)) for day in days)
    missing = sum(each.state in {"part", "missing"} for each in found if start_of(each.day) + _DAY <= newest)
    return SourceCalendar(source, tables[source], found, missing)


def _state(day: date, spans: Sequence[_Span]) -> State:
    start, end = start_of(day), start_of(day) + _DAY
    if max(until for _, until in spans) <= start:
        return "coming"
    if min(begin for begin, _ in spans) >= end:
        return "before"
    held = [(begin, until) for begin, until in spans if begin < end and until > start]
    if any(begin <= start and until >= end for begin, until in held):
        return "whole"
    return "part" if held else "missing"
