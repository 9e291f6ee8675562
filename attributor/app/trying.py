"""Trying sources live, with nothing stored: what they lack, and what a first reading gives."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from attributor.app.failures import ledger_failures, opened_ledger
from attributor.ledger.asking import Asked, asked_this_month
from attributor.ledger.sources import SourceFacts, coverage_of, source_facts
from attributor.periods import start_of
from collectors.base import CollectError, Collector, Need, Probing, Window

_A_DAY = timedelta(days=1)
_SHOWN_ROWS = 5


@dataclass(frozen=True)
class Tried:
    """What a try gave. `whole` says whether the window was read to its end; of files only a first batch is read.

    `first` are the first rows without what is missing; `error` is why it failed, `permanent` whether it will again.
    """

    rows: int
    whole: bool
    first: tuple[Mapping[str, Any], ...] = ()
    coverage: tuple[Window, ...] = ()
    requests: int = 0
    cost: Decimal = field(default_factory=Decimal)
    error: str | None = None
    permanent: bool = False


@dataclass(frozen=True)
class Standing:
    """How a source stands: its facts, what it asked this UTC month, and how many gaps are in what it has covered."""

    facts: SourceFacts
    asked: Asked
    gaps: int


def try_source(collector: Collector, now: datetime) -> Tried:
    """Read the newest whole day of an API, or the first batch of files; store nothing."""
    if collector.holds_everything:
        return _try_files(collector)
    window = Window(start_of((now - _A_DAY).date()), now.replace(minute=0, second=0, microsecond=0))
    rows, first = 0, list[Mapping[str, Any]]()
    try:
        for batch in collector.collect(window):
            rows += batch.num_rows
            first += _plain(batch.slice(0, _SHOWN_ROWS - len(first)).to_pylist())
    except CollectError as error:
        return Tried(rows, whole=False, first=tuple(first), error=str(error), permanent=error.permanent)
    read = collector.reading()
    return Tried(rows, whole=True, first=tuple(first), coverage=read.coverage, requests=read.requests, cost=read.cost)


def _try_files(collector: Collector) -> Tried:
    try:
        batches = collector.collect(None)
        batch = next(batches, None)
        if isinstance(batches, Generator):
            batches.close()  # deletes what was fetched
    except CollectError as error:
        return Tried(0, whole=False, error=str(error), permanent=error.permanent)
    if batch is None:
        return Tried(0, whole=True)
    return Tried(batch.num_rows, whole=False, first=tuple(_plain(batch.slice(0, _SHOWN_ROWS).to_pylist())))


def probe_source(collector: Collector, now: datetime) -> tuple[Need, ...]:
    """Return what a source needs and lacks; one that cannot be probed is asked for its revision, or for an hour."""
    if isinstance(collector, Probing):
        return collector.probe()
    until = now.replace(minute=0, second=0, microsecond=0)
    try:
        if collector.revision() is None:
            next(iter(collector.collect(Window(until - timedelta(hours=1), until))), None)
    except CollectError as error:
        return (Need("read access", str(error)),)
    return (Need("read access"),)


def standings_where_there_are_any(ledger: str, now: datetime) -> Mapping[str, Standing]:
    """Return how each source stands, by name; nothing where the ledger is a file that is not there yet."""
    url = make_url(ledger)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return {}
    engine = opened_ledger(ledger)
    try:
        with ledger_failures(ledger):
            asked = asked_this_month(engine, now)
            return {
                (name := facts.state.source): Standing(
                    facts, asked.get(name, Asked()), max(len(coverage_of(engine, name)) - 1, 0)
                )
                for facts in source_facts(engine)
            }
    finally:
        engine.dispose()


def _plain(rows: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    return [{name: value for name, value in row.items() if value is not None} for row in rows]
