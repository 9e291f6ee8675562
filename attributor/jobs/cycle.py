"""Collecting: what is due, and a source that fails does not stop the others."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event

import duckdb
from sqlalchemy import Engine

from attributor.attributing.attribute import DayWork
from attributor.attributing.ordered import in_order
from attributor.config.settings import Price
from attributor.estimating.estimate import Estimated, estimate
from attributor.ingest.ingest import Ingested, Stores, ingest
from attributor.ingest.progress import Progress
from attributor.lake.lake import Lake
from attributor.ledger.lease import Lease
from attributor.ledger.sources import SourceFailure, record_failure
from attributor.ledger.statements import closed_months
from collectors.base import CollectError, Collector, RowProblem
from rules.ruleset import RuleSet

logger = logging.getLogger(__name__)

_AT_ONCE = 2
"""Sources: while the rows of one are written, those of another are parsed, and an API is waited for."""


@dataclass(frozen=True)
class Failure:
    """A source that could not be read: why, and whether asking again unchanged can succeed."""

    source: str
    error: str
    permanent: bool
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True)
class Works:
    """What a cycle works with; `day_work` is opened where there are days to attribute, and says who computes them."""

    engine: Engine
    lake: Lake
    lease: Lease
    connection: duckdb.DuckDBPyConnection
    ruleset: RuleSet
    clock: Callable[[], datetime]
    day_work: Callable[[], AbstractContextManager[DayWork]]
    prices: tuple[Price, ...] = ()

    @property
    def stores(self) -> Stores:
        """Where what is collected and estimated goes."""
        return Stores(self.lake, self.engine, self.lease, self.connection)


@dataclass(frozen=True)
class Collected:
    """What collecting did."""

    ingested: tuple[Ingested, ...]
    failures: tuple[Failure, ...]


def collect(works: Works, collectors: Mapping[str, Collector], progress: Callable[[str], Progress]) -> Collected:
    """Read the sources, two beside each other; one that fails is recorded and does not stop the others.

    Raises LeaseLostError, and what `progress` raises, when what is being read has ended as well.
    """
    left, stores = Event(), works.stores

    def collected(name: str) -> Ingested | Failure:
        with works.connection.cursor() as own:
            reading = _Until(left, progress(f"read {name}"))
            return _collected(works, replace(stores, connection=own), collectors[name], reading)

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="collect") as threads:
        try:
            found = list(in_order(threads, collected, list(collectors), Future.result))
        finally:
            left.set()
    ingested = tuple(one for one in found if isinstance(one, Ingested))
    return Collected(ingested, tuple(one for one in found if isinstance(one, Failure)))


class _AbandonedError(Exception):
    """Nobody takes the result of a reading any more."""


@dataclass(frozen=True)
class _Until:
    """Progress of a reading that ends where whoever waits for it has left, by an interrupt or another's error."""

    left: Event
    progress: Progress

    def advance(self, amount: int = 1) -> None:
        if self.left.is_set():
            raise _AbandonedError
        self.progress.advance(amount)


def _collected(works: Works, stores: Stores, collector: Collector, progress: Progress) -> Ingested | Failure:
    name = collector.name
    try:
        return ingest(collector, stores, works.clock(), progress)
    except CollectError as error:
        failure = Failure(name, str(error), error.permanent, error.problems)
        logger.warning("source %s: %s", name, error)
        text = "\n".join([failure.error, *(str(problem) for problem in failure.problems[:20])])
        record_failure(works.engine, SourceFailure(name, collector.table, text, failure.permanent), works.clock())
        return failure


def estimate_outdated(works: Works, progress: Progress) -> Estimated:
    """Price the usage whose bill is not complete, and let the bill take its place where it is."""
    return estimate(works.stores, works.prices, works.ruleset, closed_months(works.engine), works.clock(), progress)


def due_sources(tried: Mapping[str, datetime | None], every: Mapping[str, timedelta], now: datetime) -> list[str]:
    """Return the sources whose time has come; `tried` is when each was last asked, None or absent for never."""
    found = []
    for name, interval in every.items():
        last = tried.get(name)
        if last is None or last + interval <= now:
            found.append(name)
    return found
