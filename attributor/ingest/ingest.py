"""One source, once: read, stage, compare with what is stored, replace the days that changed, record it."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock

import duckdb
from sqlalchemy import Engine

from attributor.ingest.changes import (
    Known,
    absent_days,
    changed_days,
    covered_days,
    day_window,
    days_told_less,
    dropped_days,
)
from attributor.ingest.gaps import GAPS_AGAIN_AFTER, gaps_to_ask, less, within
from attributor.ingest.limits import refuse_too_large
from attributor.ingest.progress import Progress
from attributor.ingest.staging import Staged, StagedDay, staged, staged_days, staged_sums
from attributor.ingest.windows import known_days, windows_to_ask
from attributor.lake.commits import commit_days
from attributor.lake.day_files import bring_in
from attributor.lake.lake import Lake
from attributor.lake.views import Pin
from attributor.ledger.asking import gaps_asked_at, note_gaps_asked, record_asking, summed
from attributor.ledger.collected import (
    CollectedDay,
    Collection,
    ControlSums,
    StoredDay,
    record_collection,
)
from attributor.ledger.lease import Lease
from attributor.ledger.sources import coverage_of, record_unchanged, source_state
from collectors.base import Asking, CollectError, Collector, FileRead, Reporting, Window

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stores:
    """Where ingest writes: lake and ledger, the lease it writes under, and the engine it computes with.

    `committing` is held by whoever commits to the lake: of two at once one would have to try again.
    """

    lake: Lake
    engine: Engine
    lease: Lease
    connection: duckdb.DuckDBPyConnection
    committing: Lock = field(default_factory=Lock, repr=False, compare=False)


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
    rows, changed = 0, set[date]()
    begun = _Begun(revision, now)
    with _counted(collector, stores.engine, now) as count:
        for window in _windows(collector, stores, now):
            part = _ingest_window(collector, stores, window, begun, progress)
            count()
            begun = _Begun(revision, now, _with_files(begun, collector))
            rows += part.rows
            changed |= set(part.changed)
    return Ingested(collector.name, rows, tuple(sorted(changed)))


def _windows(collector: Collector, stores: Stores, now: datetime) -> Iterator[Window | None]:
    """Yield what is asked for: first what is due, then, once a day, what was never answered further back."""
    if collector.holds_everything:
        yield None
        return
    gaps = gaps_to_ask(collector, coverage_of(stores.engine, collector.name), now)
    due = windows_to_ask(collector, stores.engine, now)
    if not due:
        record_unchanged(stores.engine, stores.lease, collector.name, now)
    yield from _told(collector, due)
    asked_at = gaps_asked_at(stores.engine, collector.name)
    if gaps and (asked_at is None or asked_at + GAPS_AGAIN_AFTER <= now):
        note_gaps_asked(stores.engine, collector.name, now)
        yield from _told(collector, gaps)


def _told(collector: Collector, windows: Sequence[Window | None]) -> Iterator[Window | None]:
    for number, window in enumerate(windows, 1):
        if len(windows) > 1 and window is not None:
            logger.info("%s: reading %s, %d of %d", collector.name, window.start.date(), number, len(windows))
        yield window


@contextmanager
def _counted(collector: Collector, engine: Engine, now: datetime) -> Iterator[Callable[[], None]]:
    """Count what each window asked, and note the sum in the end, also where the last one failed."""
    asked: list[Asking] = []
    try:
        yield lambda: asked.append(collector.reading())
    except CollectError:
        failed = collector.asked() if isinstance(collector, Reporting) else None
        asked += [] if failed is None else [failed]
        raise
    finally:
        record_asking(engine, collector.name, summed(asked), now)


def _ingest_window(
    collector: Collector, stores: Stores, window: Window | None, begun: _Begun, progress: Progress
) -> Ingested:
    with staged(stores.connection, collector.collect(window), collector.table, progress) as rows:
        refuse_too_large(stores.connection, rows, collector.name)
        known, reading = known_days(collector, stores.engine), collector.reading()
        every = staged_days(stores.connection, rows)
        absent = absent_days(every, known)
        left = _left_as_they_are(collector, stores.engine, [*(day.day for day in every), *absent])
        days = [day for day in every if day.day not in left]
        taken_back = _taken_back(collector, stores, [day for day in absent if day not in left], known)
        changed = changed_days(days, known, taken_back)
        stored = store_staged(stores, collector.name, rows, changed, begun.now)
    record_collection(
        stores.engine,
        stores.lease,
        Collection(
            source=collector.name,
            table=collector.table,
            revision=begun.revision,
            days=stored,
            coverage=less(reading.coverage, map(day_window, left)),
            files=tuple(_with_files(begun, collector).values()),
            read=tuple(day.day for day in days),
        ),
        begun.now,
    )
    return Ingested(collector.name, sum(day.rows for day in days), tuple(day.day for day in changed))


def _left_as_they_are(collector: Collector, engine: Engine, days: Iterable[date]) -> set[date]:
    """Return the days of which an API told less than before, as where it forgot their first hours meanwhile."""
    if collector.holds_everything:
        return set()
    told = collector.reading().coverage
    touched = [day for day in days if within(told, day_window(day))]
    left = days_told_less(touched, coverage_of(engine, collector.name), told)
    for day in sorted(left):
        logger.warning("%s: told less of %s than before; it stays as it was", collector.name, day)
    return left


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
    with stores.committing:
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
