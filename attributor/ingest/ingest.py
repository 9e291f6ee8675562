"""One source, once: read, stage, compare with what is stored, replace the days that changed, record it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import duckdb
from sqlalchemy import Engine

from attributor.ingest.changes import Known, absent_days, changed_days, covered_days, dropped_days
from attributor.ingest.limits import refuse_too_large
from attributor.ingest.progress import Progress
from attributor.ingest.staging import Staged, StagedDay, staged, staged_days, staged_sums
from attributor.ingest.windows import known_days, windows_to_ask
from attributor.lake.commits import commit_days
from attributor.lake.day_files import bring_in
from attributor.lake.lake import Lake
from attributor.lake.views import Pin
from attributor.ledger.collected import (
    CollectedDay,
    Collection,
    ControlSums,
    StoredDay,
    record_collection,
)
from attributor.ledger.lease import Lease
from attributor.ledger.sources import record_unchanged, source_state
from collectors.base import Collector, FileRead, Window

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stores:
    """Where ingest writes: lake and ledger, the lease it writes under, and the engine it computes with."""

    lake: Lake
    engine: Engine
    lease: Lease
    connection: duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Ingested:
    """What one ingest did: rows read, and the UTC days whose content changed."""

    source: str
    rows: int
    changed: tuple[date, ...]


@dataclass(frozen=True)
class _Begun:
    """An ingest under way: the revision that it reads, since when, and what its windows so far were read from.

    Windows of one ingest are one reading: the control totals of all of them hold what it stored.
    """

    revision: str | None
    now: datetime
    files: Mapping[str, FileRead] = field(default_factory=dict)


def ingest(collector: Collector, stores: Stores, now: datetime, progress: Progress) -> Ingested:
    """Read a source and store what changed.

    Raises CollectError, the collector's own or for more than the ledger can hold, with nothing stored, and
    LeaseLostError where another leader took over.
    """
    revision = collector.revision()
    state = source_state(stores.engine, collector.name)
    if revision is not None and state is not None and state.revision == revision:
        record_unchanged(stores.engine, stores.lease, collector.name, now)
        return Ingested(collector.name, 0, ())
    windows = [None] if collector.holds_everything else windows_to_ask(collector, stores.engine, now)
    if not windows:
        record_unchanged(stores.engine, stores.lease, collector.name, now)
    rows, changed = 0, set[date]()
    begun = _Begun(revision, now)
    for number, window in enumerate(windows, 1):
        if len(windows) > 1 and window is not None:
            logger.info("%s: reading %s, %d of %d", collector.name, window.start.date(), number, len(windows))
        part = _ingest_window(collector, stores, window, begun, progress)
        begun = _Begun(revision, now, _with_files(begun, collector))
        rows += part.rows
        changed |= set(part.changed)
    return Ingested(collector.name, rows, tuple(sorted(changed)))


def _ingest_window(
    collector: Collector, stores: Stores, window: Window | None, begun: _Begun, progress: Progress
) -> Ingested:
    with staged(stores.connection, collector.collect(window), collector.table, progress) as rows:
        refuse_too_large(stores.connection, rows, collector.name)
        days = staged_days(stores.connection, rows)
        known = known_days(collector, stores.engine)
        changed = changed_days(days, known, _taken_back(collector, stores, absent_days(days, known), known))
        stored = store_staged(stores, collector.name, rows, changed, begun.now)
    reading = collector.reading()
    record_collection(
        stores.engine,
        stores.lease,
        Collection(
            source=collector.name,
            table=collector.table,
            revision=begun.revision,
            days=stored,
            coverage=reading.coverage,
            files=tuple(_with_files(begun, collector).values()),
            read=tuple(day.day for day in days),
        ),
        begun.now,
    )
    return Ingested(collector.name, sum(day.rows for day in days), tuple(day.day for day in changed))


def _with_files(begun: _Begun, collector: Collector) -> Mapping[str, FileRead]:
    return {**begun.files, **{file.place: file for file in collector.reading().files}}


def _taken_back(collector: Collector, stores: Stores, absent: Sequence[date], known: Known) -> list[date]:
    reading = collector.reading()
    if not collector.holds_everything:
        return covered_days(absent, reading.coverage)
    told_wholly = covered_days(absent, reading.whole)
    pins = [Pin(collector.name, day, known[day].version) for day in absent if day not in told_wholly]
    return [*told_wholly, *dropped_days(stores.lake, stores.connection, collector, pins, reading)]


def store_staged(
    stores: Stores, source: str, rows: Staged, changed: Sequence[StagedDay], now: datetime
) -> tuple[StoredDay, ...]:
    """Put the staged files of the changed days in the place of what the source had of them, in one commit.

    A day without staged rows becomes empty. Nothing is changed until the ledger names the days that are returned.
    """
    if not changed:
        return ()
    days = {day.day for day in changed}
    files = [file for file in rows.files if file.day in days]
    sums = _sums_by_day(stores.connection, rows) if rows.table == "charges" else {}
    bring_in(stores.lake, rows.table, rows.folder, files)
    version = commit_days(stores.lake, rows.table, source, days, files, now)
    return tuple(
        StoredDay(day.day, CollectedDay(version, day.digest, day.rows), sums.get(day.day, ())) for day in changed
    )


def _sums_by_day(connection: duckdb.DuckDBPyConnection, rows: Staged) -> dict[date, tuple[ControlSums, ...]]:
    by_day: dict[date, tuple[ControlSums, ...]] = {}
    for found in staged_sums(connection, rows):
        sums = ControlSums(
            found.currency, found.sums["BilledCost"], found.sums["EffectiveCost"], found.sums["ListCost"]
        )
        by_day[found.day] = (*by_day.get(found.day, ()), sums)
    return by_day
