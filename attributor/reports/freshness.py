"""How fresh each source is: when it last succeeded, until when it has told, and what is wrong with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Engine, func, select

from attributor.ledger.tables import coverage, sources

State = Literal["fresh", "late", "failing", "never"]

LATE_AFTER = {"charges": timedelta(hours=72), "usage": timedelta(hours=6)}
"""Bills come a day or two after their charges; usage is told by the hour."""


@dataclass(frozen=True)
class SourceFreshness:
    """One source. `lag_hours` is how far `covered_until` (aware UTC, exclusive) lies behind now, in whole hours."""

    source: str
    table: str
    state: State
    succeeded_at: datetime | None
    tried_at: datetime | None
    covered_until: datetime | None
    lag_hours: int | None
    gaps: int
    error: str | None
    error_is_permanent: bool


def freshness(engine: Engine, now: datetime) -> tuple[SourceFreshness, ...]:
    """Return every source by name, seen at `now` (aware UTC)."""
    with engine.connect() as connection:
        return source_freshness(connection, now)


def source_freshness(connection: Connection, now: datetime) -> tuple[SourceFreshness, ...]:
    """Return every source by name, read through an open connection; one query."""
    spans = (
        select(coverage.c.source, func.max(coverage.c.end).label("until"), func.count().label("spans"))
        .group_by(coverage.c.source)
        .subquery()
    )
    query = (
        select(sources, spans.c.until, spans.c.spans)
        .outerjoin(spans, spans.c.source == sources.c.source)
        .order_by(sources.c.source)
    )
    found = []
    for row in connection.execute(query):
        lag = None if row.until is None else max(now - row.until, timedelta(0))
        found.append(
            SourceFreshness(
                source=row.source,
                table=row.table_name,
                state=_state(row.table_name, row.succeeded_at, row.error, lag),
                succeeded_at=row.succeeded_at,
                tried_at=row.tried_at,
                covered_until=row.until,
                lag_hours=None if lag is None else lag // timedelta(hours=1),
                gaps=max((row.spans or 0) - 1, 0),
                error=row.error,
                error_is_permanent=bool(row.error_is_permanent),
            )
        )
    return tuple(found)


def _state(table: str, succeeded_at: datetime | None, error: str | None, lag: timedelta | None) -> State:
    if error is not None:
        return "failing"
    if succeeded_at is None:
        return "never"
    late_after = LATE_AFTER.get(table, LATE_AFTER["charges"])
    return "late" if lag is not None and lag > late_after else "fresh"
