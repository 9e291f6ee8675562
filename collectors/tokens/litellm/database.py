"""A LiteLLM proxy's PostgreSQL: how it is reached, and errors that never hold its password."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from collectors.base import CollectError

_HIDDEN = "•••"
_FORM = "write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE, or as ${LITELLM_DATABASE_URL}"
_OF_LIBPQ = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "target_session_attrs"})
"""What is kept of the address's parameters; a proxy's own address has others that only its client knows."""
_LASTING = ("authentication failed", "does not exist", "no password supplied", "no pg_hba.conf entry")
Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True)
class Database:
    """Where the tables are and who reads them. `shown` is the address for messages: no user and no password."""

    shown: str
    schema: str
    parameters: dict[str, str] = field(repr=False)


def parse_database(url: str) -> Database:
    """Read the address that the proxy itself uses (DATABASE_URL); raise ValueError that does not repeat it."""
    try:
        parsed = urlsplit(url)
        port = parsed.port or 5432
    except ValueError:
        raise ValueError(f"url is no address of a PostgreSQL; {_FORM}") from None
    query = dict(parse_qsl(parsed.query))
    host, name = parsed.hostname or query.get("host", ""), unquote(parsed.path.lstrip("/"))
    if parsed.scheme not in {"postgresql", "postgres"} or not host or not name:
        raise ValueError(f"url is no address of a PostgreSQL; {_FORM}")
    own = {"host": host, "port": str(port), "dbname": name}
    who = {"user": unquote(parsed.username or ""), "password": unquote(parsed.password or "")}
    kept = {key: value for key, value in query.items() if key in _OF_LIBPQ}
    parameters = {key: value for key, value in {**kept, **own, **who}.items() if value}
    return Database(f"postgresql://{host}:{port}/{name}", query.get("schema", "public"), parameters)


@contextmanager
def reading(database: Database, patience: timedelta) -> Iterator[Connection]:
    """Connect for reading alone, all of it from one snapshot; a statement may take as long as `patience`.

    Raises CollectError, also in place of what psycopg raises inside.
    """
    try:
        # No statement is prepared: a pooler between us and the server may hand each transaction another connection.
        parameters = {"connect_timeout": "15", "application_name": "attributor", **database.parameters}
        with psycopg.connect(make_conninfo(**parameters), prepare_threshold=None) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            milliseconds = int(patience / timedelta(milliseconds=1))
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            schema = sql.Identifier(database.schema).as_string(connection)
            connection.execute("SELECT set_config('search_path', %s, true)", [schema])
            yield connection
    except psycopg.Error as error:
        raise _collect_error(error, database) from None


def _collect_error(error: psycopg.Error, database: Database) -> CollectError:
    message = " ".join(str(error).split())
    password = database.parameters.get("password")
    if password:
        message = message.replace(password, _HIDDEN)
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        message += "; grant the reader SELECT on it"
    if isinstance(error, psycopg.errors.QueryCanceled):
        message += "; raise `patience`"
    lasting = isinstance(error, psycopg.ProgrammingError) or any(word in message for word in _LASTING)
    return CollectError(f"{database.shown}: {message}", permanent=lasting)
