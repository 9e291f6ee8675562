"""How SQLAlchemy speaks to DuckDB: the statements that reports ask are plain SQL, so that little has to be said."""

from collections.abc import Sequence
from typing import Any, Self

import duckdb
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext
from sqlalchemy.pool import NullPool

_NAME = "columns"


class _Session:
    """One reader's session in the shape of DB-API: its cursor is itself, so that both are in one transaction."""

    def __init__(self, session: duckdb.DuckDBPyConnection) -> None:
        self._session = session
        self._has_begun = False

    def cursor(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._session.description

    @property
    def rowcount(self) -> int:
        return -1

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        self._session.execute(statement, parameters)

    def fetchall(self) -> list[Any]:
        return self._session.fetchall()

    def begin(self) -> None:
        self._session.execute("BEGIN TRANSACTION")
        self._has_begun = True

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def _end(self, how: str) -> None:
        """End what has begun: a pool ends whatever comes back to it, and here that which never asked too."""
        if self._has_begun:
            self._has_begun = False
            self._session.execute(how)

    def close(self) -> None:
        """Do nothing: a cursor is closed by this name too. The session ends with the last one who holds it."""


class _Context(DefaultExecutionContext):
    def post_exec(self) -> None:
        """Take all rows at once: one by one they take three times as long."""
        if self.cursor.description:
            rows = self.cursor.fetchall()
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, self.cursor.description, rows)


class _Dialect(DefaultDialect):
    name = _NAME
    supports_statement_cache = True
    execution_ctx_cls = _Context

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin: all that is read until the end is of one moment."""
        dbapi_connection.begin()


def engine_of(database: duckdb.DuckDBPyConnection, schema: str) -> Engine:
    """Return an engine that reads a schema of a database in memory; each of its connections is a session of its own."""

    def session() -> Any:
        opened = database.cursor()
        opened.execute(f"USE {schema}")
        return _Session(opened)

    driver: Any = duckdb  # it lacks one of the errors that DB-API names
    dialect = _Dialect(dbapi=driver, paramstyle="qmark")
    return Engine(NullPool(session, dialect=dialect), dialect, URL.create(_NAME))
