"""Collecting: what is due, and a source that fails does not stop the others."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
from sqlalchemy import Engine

from attributor.attributing.attribute import DayWork
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
    """Read the sources one after the other; one that fails is recorded and does not stop the others."""
    ingested: list[Ingested] = []
    failures: list[Failure] = []
    for name, collector in collectors.items():
        try:
            ingested.append(ingest(collector, works.stores, works.clock(), progress(f"read {name}")))
        except CollectError as error:
            failure = Failure(name, str(error), error.permanent, error.problems)
            failures.append(failure)
            logger.warning("source %s: %s", name, error)
            text = "\n".join([failure.error, *(str(problem) for problem in failure.problems[:20])])
            record_failure(works.engine, SourceFailure(name, collector.table, text, failure.permanent), works.clock())
    return Collected(tuple(ingested), tuple(failures))


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
