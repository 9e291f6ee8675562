"""Which days of a bill are complete: the newest one a source covers is still being written."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import Connection, func, select

from attributor.ledger.tables import coverage, estimated_days, sources

STALLED_AFTER = timedelta(days=10)
"""A source so far behind the freshest one is no longer waited for: it may never come again."""


def complete_days(connection: Connection) -> Mapping[str, date]:
    """Return the last complete day of every source of charges that has not stalled.

    That is the day before the newest that it covers.
    """
    until = func.max(coverage.c.end)
    query = select(coverage.c.source, until).join(sources, sources.c.source == coverage.c.source)
    rows = connection.execute(query.where(sources.c.table_name == "charges").group_by(coverage.c.source))
    found = {row[0]: (row[1] - timedelta(microseconds=1)).date() - timedelta(days=1) for row in rows}
    freshest = max(found.values(), default=date.min)
    return {source: day for source, day in found.items() if freshest - day <= STALLED_AFTER}


def estimated_until(connection: Connection) -> Mapping[str, date]:
    """Return the last day of each bill that is estimated in full: usage is told by the hour, so not the newest one."""
    newest = func.max(estimated_days.c.day)
    query = select(estimated_days.c.source, newest).where(estimated_days.c.state == "estimated")
    rows = connection.execute(query.group_by(estimated_days.c.source))
    return {row[0]: row[1] - timedelta(days=1) for row in rows}


def last_complete_day(connection: Connection) -> date | None:
    """Return the last day that every source of charges has told in full; None where there is none."""
    return min(complete_days(connection).values(), default=None)
