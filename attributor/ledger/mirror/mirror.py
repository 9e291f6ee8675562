"""The copy follows the ledger from edition to edition; who asks for an edition that it has not yet asks the ledger."""

import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from threading import Lock

import duckdb
from sqlalchemy import Connection, Engine, Table, select, union

from attributor.ledger.day_editions import day_editions_in
from attributor.ledger.editions import REPORTED, edition, table_editions
from attributor.ledger.engine import reading
from attributor.ledger.mirror.copying import copy_day, copy_table, create
from attributor.ledger.mirror.dialect import engine_of
from attributor.ledger.tables import (
    rollup,
    tag_compliance,
    team_days,
    unmatched_owners,
    usage_by_fact,
    usage_hours,
    usage_rollup,
)

logger = logging.getLogger(__name__)

BY_DAY = (rollup, team_days, usage_rollup, usage_hours, usage_by_fact, unmatched_owners, tag_compliance)
"""Tables of which a day is replaced as a whole."""
AS_A_WHOLE = tuple(sorted(REPORTED.difference(BY_DAY), key=lambda table: table.name))
"""Tables that are small beside them."""

_SCHEMA = "ledger"
_MOST_DAYS = 62
"""Where more days than that changed, or were replaced since the copy was made, another one is made: what a database in
memory deleted keeps its place."""


@dataclass(frozen=True)
class _Held:
    """One copy: what edition of the ledger it is, and of each of its days and tables; `replaced` counts days."""

    database: duckdb.DuckDBPyConnection
    engine: Engine
    edition: str
    days: Mapping[date, str]
    tables: Mapping[str, str]
    replaced: int = 0


class Mirror:
    """A copy of the tables that reports are made of (`ledger.editions.REPORTED`), and of no other one, in DuckDB.

    `prepare` is done to each engine that reads a copy before anybody has it, so that it shows no more than it may.
    """

    def __init__(self, ledger: Engine, prepare: Callable[[Engine], None] = lambda _: None) -> None:
        self._ledger = ledger
        self._prepare = prepare
        self._following = Lock()
        self._held: _Held | None = None

    @property
    def holds_a_copy(self) -> bool:
        """Whether there is one, of whatever edition."""
        return self._held is not None

    def engine_at(self, wanted: str) -> Engine | None:
        """Return an engine that reads this edition of the ledger, or a later one; None where there is none."""
        held = self._held
        return held.engine if held is not None and held.edition == wanted else None

    def current(self) -> Engine:
        """Return an engine that reads costs as they are now: a copy's where there is one, that of the ledger otherwise.

        No other tables than those of the copy may be asked for.
        """
        with self._ledger.connect() as connection:
            found = self.engine_at(edition(connection))
        return self._ledger if found is None else found

    def follow(self) -> None:
        """Bring the copy to the ledger's present edition; nothing to do takes no time.

        Must be called where everything may be read. Somebody who follows already is not waited for.
        """
        if not self._following.acquire(blocking=False):
            return
        try:
            with reading(self._ledger) as source:
                self._held = self._followed(source)
        finally:
            self._following.release()

    def _followed(self, source: Connection) -> _Held:
        held, current = self._held, edition(source)
        if held is not None and held.edition == current:
            return held
        days, tables = day_editions_in(source), table_editions(source)
        if held is not None:
            changed = [day for day in {**held.days, **days} if held.days.get(day) != days.get(day)]
            if held.replaced + len(changed) <= _MOST_DAYS:
                others = [table for table in AS_A_WHOLE if held.tables.get(table.name) != tables.get(table.name)]
                _replace(source, held.database, changed, others)
                count = held.replaced + len(changed)
                return _Held(held.database, held.engine, current, days, tables, count)
        database = _copied(source)
        engine = engine_of(database, _SCHEMA)
        self._prepare(engine)
        return _Held(database, engine, current, days, tables)


def _copied(source: Connection) -> duckdb.DuckDBPyConnection:
    """Copy everything, a day at a time."""
    database = duckdb.connect(":memory:", config={"autoload_known_extensions": "false"})
    database.execute(f"ATTACH ':memory:' AS {_SCHEMA} (COMPRESS)")
    database.execute(f"USE {_SCHEMA}")
    for table in (*BY_DAY, *AS_A_WHOLE):
        create(database, table)
    rows = sum(copy_table(source, database, table) for table in AS_A_WHOLE)
    for day in _days(source):
        rows += sum(copy_day(source, database, table, day) for table in BY_DAY)
    database.execute(f"CHECKPOINT {_SCHEMA}")
    logger.info("copied %d rows for pages", rows)
    return database


def _days(source: Connection) -> Collection[date]:
    return sorted(source.scalars(union(*(select(table.c.day) for table in BY_DAY))))


def _replace(
    source: Connection, database: duckdb.DuckDBPyConnection, days: Collection[date], tables: Collection[Table]
) -> None:
    """Bring what changed, in one transaction: whoever reads meanwhile sees nothing of it, nor where it was cut off."""
    with closing(database.cursor()) as session:
        session.execute(f"USE {_SCHEMA}")
        session.execute("BEGIN TRANSACTION")
        for table in tables:
            copy_table(source, session, table)
        for day in days:
            for table in BY_DAY:
                copy_day(source, session, table, day)
        session.execute("COMMIT")
