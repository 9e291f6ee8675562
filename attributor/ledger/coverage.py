"""Which time a source has told of: zero is not missing."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from attributor.ledger.habits import note_silence
from attributor.ledger.tables import coverage
from collectors.base import Window
from collectors.spans import united


def stored_coverage(connection: Connection, source: str) -> tuple[Window, ...]:
    """Return what a source has covered, disjoint and in order of time, read through an open connection."""
    query = select(coverage.c.start, coverage.c.end).where(coverage.c.source == source).order_by(coverage.c.start)
    return tuple(Window(row.start, row.end) for row in connection.execute(query))


def extend_coverage(connection: Connection, source: str, spans: Iterable[Window], now: datetime) -> None:
    """Add spans to what a source has covered; how long it had told of nothing new makes its habit."""
    before = stored_coverage(connection, source)
    after = united((*before, *spans))
    if after == before:
        return
    note_silence(connection, source, (_end(before), _end(after)), now)
    connection.execute(delete(coverage).where(coverage.c.source == source))
    connection.execute(insert(coverage), [{"source": source, "start": span.start, "end": span.end} for span in after])


def _end(spans: Iterable[Window]) -> datetime | None:
    return max((span.end for span in spans), default=None)
