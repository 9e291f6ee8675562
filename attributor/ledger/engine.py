"""How the ledger's database is opened, read and written."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stamina
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url

from attributor.ledger.editions import note_editions

_BEGIN = "sqlite_begin"
_HANDLES_ALERTS = 7_164_903_201
"""The advisory lock of PostgreSQL that whoever changes the states of alerts holds."""
_PATIENCE = 30.0
"""Seconds that a connection to SQLite waits for another one's lock."""


def open_engine(url: str) -> Engine:
    """Open SQLite (WAL, waiting writers) or PostgreSQL by SQLAlchemy URL; connects on first use."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": _PATIENCE})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(_with_driver(parsed), pool_pre_ping=True)
    note_editions(engine)
    return engine


def open_engine_to_read(url: str, patience: int = 30) -> Engine:
    """Open a ledger that is there so that its database refuses every write; connects on first use.

    `patience` is how many seconds a server may take to answer.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        within = (
            parsed
            if "connect_timeout" in parsed.query
            else parsed.update_query_dict({"connect_timeout": str(patience)})
        )
        return create_engine(_with_driver(within), execution_options={"postgresql_readonly": True})
    engine = open_engine(url)
    event.listen(engine, "connect", _refuse_writes)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Run one transaction that writes: all of it is committed at the end, or nothing where an exception passes.

    On SQLite it takes the writers' lock at once, so that what it reads first cannot be out of date when it writes.
    """
    with engine.execution_options(**{_BEGIN: "IMMEDIATE"}).begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read any number of tables as they were at one moment, on every database."""
    isolated = (
        engine.execution_options(isolation_level="REPEATABLE READ") if engine.dialect.name == "postgresql" else engine
    )
    with isolated.connect() as connection:
        yield connection


def alone(connection: Connection) -> None:
    """Wait until no other transaction has called this, and keep others waiting until this one ends.

    On SQLite whoever writes is alone already.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_HANDLES_ALERTS})"))


def _with_driver(url: URL) -> URL:
    """`postgresql://` and `postgres://` mean psycopg 3, whatever this SQLAlchemy would take."""
    return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgresql", "postgres"} else url


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin before the first write only, and never for reads
    cursor = connection.cursor()
    # Of several that turn a new file to WAL at once SQLite refuses all but one at once, whatever the timeout.
    for attempt in stamina.retry_context(_is_locked, attempts=None, timeout=_PATIENCE, wait_initial=0.01, wait_max=0.2):
        with attempt:
            cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _refuse_writes(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA query_only=ON").close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _is_locked(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
