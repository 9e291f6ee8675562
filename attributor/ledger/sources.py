"""How each source stands: when it was tried, when it succeeded, what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Column, Connection, Engine, Row, func, select, update

from attributor.ledger.coverage import stored_coverage
from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease, hold
from attributor.ledger.tables import collected, coverage, sources
from attributor.ledger.upsert import upsert
from collectors.base import TableName, Window


@dataclass(frozen=True)
class SourceState:
    """A source's last try and last success (aware UTC, None before the first) and the error since, if any."""

    source: str
    table: str
    revision: str | None
    tried_at: datetime | None
    succeeded_at: datetime | None
    error: str | None
    error_is_permanent: bool


@dataclass(frozen=True)
class SourceFailure:
    """A reading that failed. `error` is shown on pages: it must hold no secret."""

    source: str
    table: TableName
    error: str
    permanent: bool


@dataclass(frozen=True)
class SourceFacts:
    """What tells whether a source is fresh: its state, the end of its coverage and its newest day with rows.

    `first_tried_at` and `failing_since`, the first failure after the last success, are aware UTC; None where unknown.
    """

    state: SourceState
    covered_until: datetime | None
    newest_day: date | None
    first_tried_at: datetime | None
    failing_since: datetime | None


def source_states(engine: Engine) -> Mapping[str, SourceState]:
    """Return every source that was ever tried, by name."""
    with reading(engine) as connection:
        return {row.source: _state(row) for row in connection.execute(select(sources).order_by(sources.c.source))}


def source_state(engine: Engine, source: str) -> SourceState | None:
    """Return one source, or None where it was never tried."""
    with reading(engine) as connection:
        row = connection.execute(select(sources).where(sources.c.source == source)).one_or_none()
    return None if row is None else _state(row)


def source_facts(engine: Engine) -> tuple[SourceFacts, ...]:
    """Return what tells how fresh each source is, by name."""
    until = select(coverage.c.source, func.max(coverage.c.end).label("until")).group_by(coverage.c.source).subquery()
    newest = (
        select(collected.c.source, collected.c.table_name, func.max(collected.c.day).label("day"))
        .where(collected.c.rows > 0)
        .group_by(collected.c.source, collected.c.table_name)
        .subquery()
    )
    query = (
        select(sources, until.c.until, newest.c.day)
        .outerjoin(until, until.c.source == sources.c.source)
        .outerjoin(newest, (newest.c.source == sources.c.source) & (newest.c.table_name == sources.c.table_name))
        .order_by(sources.c.source)
    )
    with reading(engine) as connection:
        return tuple(
            SourceFacts(_state(row), row.until, row.day, row.first_tried_at, row.failing_since)
            for row in connection.execute(query)
        )


def coverage_of(engine: Engine, source: str) -> tuple[Window, ...]:
    """Return what a source has covered, as disjoint half-open spans in order of time."""
    with reading(engine) as connection:
        return stored_coverage(connection, source)


def record_failure(engine: Engine, failure: SourceFailure, now: datetime) -> None:
    """Note that a source could not be read; what is stored of it stays as it was."""
    with writing(engine) as connection:
        row = {
            "source": failure.source,
            "table_name": failure.table,
            "tried_at": now,
            "error": failure.error,
            "error_is_permanent": failure.permanent,
        }
        upsert(connection, sources, [row])
        for moment in (sources.c.first_tried_at, sources.c.failing_since):
            _note_once(connection, failure.source, moment, now)


def record_unchanged(engine: Engine, lease: Lease, source: str, now: datetime) -> None:
    """Note that a source was asked and holds what it held before; raises LeaseLostError."""
    with writing(engine) as connection:
        hold(connection, lease)
        connection.execute(update(sources).where(sources.c.source == source).values(_succeeded(now)))


def record_success(connection: Connection, source: str, table: TableName, revision: str | None, now: datetime) -> None:
    """Note within a transaction that a source was read."""
    row = {"source": source, "table_name": table, "revision": revision, **_succeeded(now)}
    upsert(connection, sources, [row])
    _note_once(connection, source, sources.c.first_tried_at, now)


def _note_once(connection: Connection, source: str, moment: Column[datetime], now: datetime) -> None:
    unknown = (sources.c.source == source) & moment.is_(None)
    connection.execute(update(sources).where(unknown).values({moment: now}))


def _succeeded(now: datetime) -> dict[str, datetime | None]:
    return {"tried_at": now, "succeeded_at": now, "error": None, "error_is_permanent": None, "failing_since": None}


def _state(row: Row[tuple[object, ...]]) -> SourceState:
    return SourceState(
        source=row.source,
        table=row.table_name,
        revision=row.revision,
        tried_at=row.tried_at,
        succeeded_at=row.succeeded_at,
        error=row.error,
        error_is_permanent=bool(row.error_is_permanent),
    )
