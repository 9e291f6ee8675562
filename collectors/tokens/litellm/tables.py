"""LiteLLM's tables as they are asked: which columns this deployment has, since when, and what its ids are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from psycopg import sql

from collectors.base import CollectError
from collectors.tokens.litellm.database import Connection

CALLS = "LiteLLM_SpendLogs"
NEEDED = ("request_id", "startTime", "prompt_tokens", "completion_tokens", "model", "metadata")
OPTIONAL = (
    "api_key",
    "team_id",
    "user",
    "end_user",
    "organization_id",
    "model_group",
    "custom_llm_provider",
    "call_type",
    "agent_id",
    "cache_hit",
    "status",
)
"""Columns that an older deployment does not have, or that the reader was not granted: absent then."""

_KEYS = ("LiteLLM_VerificationToken", "token", "key_alias")
_TEAMS = ("LiteLLM_TeamTable", "team_id", "team_alias")
_DAYS = ("LiteLLM_DailyUserSpend", "date")


@dataclass(frozen=True)
class Names:
    """What keys and teams are called now, by id: for calls that were logged without it."""

    keys: Mapping[str, str]
    teams: Mapping[str, str]


@dataclass(frozen=True)
class Readable:
    """The columns that the reader may read, by table."""

    columns: Mapping[str, frozenset[str]]

    def has(self, table: str, *columns: str) -> bool:
        """Say whether all of these columns may be read."""
        return set(columns) <= self.columns.get(table, frozenset())


def readable(connection: Connection) -> Readable:
    """Return what may be read; raise a permanent CollectError where the calls may not."""
    found: dict[str, set[str]] = {}
    rows = connection.execute(
        "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relname LIKE 'LiteLLM%'"
        " AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')"
    )
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    columns = {table: frozenset(names) for table, names in found.items()}
    missing = [name for name in NEEDED if name not in columns.get(CALLS, frozenset())]
    if missing:
        message = (
            f'the reader may not read {", ".join(missing)} of "{CALLS}", or this is no LiteLLM database;'
            f' GRANT SELECT ON "{CALLS}" to it'
        )
        raise CollectError(message, permanent=True)
    return Readable(columns)


def names(connection: Connection, may: Readable) -> Names:
    """Return the present names of keys and teams, none where the reader may not read them."""
    return Names(_by_id(connection, may, *_KEYS), _by_id(connection, may, *_TEAMS))


def kept_since(connection: Connection, may: Readable) -> datetime | None:
    """Return since when the table of calls is whole, in UTC; None where it holds none.

    A proxy may delete old calls. Where the sums by day, which it keeps, go further back than the calls do, the first
    day of which calls are left may have lost some: whole is what follows.
    """
    row = connection.execute(sql.SQL('SELECT min("startTime") FROM {}').format(sql.Identifier(CALLS))).fetchone()
    if row is None or row[0] is None:
        return None
    oldest: datetime = row[0].replace(tzinfo=UTC)
    if _first_day(connection, may) < oldest.date().isoformat():
        return datetime.combine(oldest.date() + timedelta(days=1), time(), UTC)
    return oldest.replace(minute=0, second=0, microsecond=0)


def server_now(connection: Connection) -> datetime:
    """Return the database's time in UTC."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now.astimezone(UTC)


def calls_query(may: Readable, metadata: Sequence[str]) -> sql.Composed:
    """Return the query of the calls that began in [%s, %s): times are UTC without a zone, as the table has them.

    Of the metadata only what is needed leaves the database: it may hold whole requests.
    """
    optional = [
        sql.Identifier(name) if may.has(CALLS, name) else sql.SQL("NULL AS {}").format(sql.Identifier(name))
        for name in OPTIONAL
    ]
    stated = [sql.SQL("metadata #>> ARRAY['spend_logs_metadata', {}]").format(sql.Literal(name)) for name in metadata]
    return sql.SQL(
        "SELECT request_id, date_trunc('hour', \"startTime\"), prompt_tokens, completion_tokens, model,"
        " metadata -> 'usage_object', metadata -> 'additional_usage_values',"
        " metadata ->> 'user_api_key_alias', metadata ->> 'user_api_key_team_alias', {fields}"
        ' FROM {table} WHERE "startTime" >= %s AND "startTime" < %s'
    ).format(fields=sql.SQL(", ").join([*optional, *stated]), table=sql.Identifier(CALLS))


def _by_id(connection: Connection, may: Readable, table: str, identifier: str, name: str) -> dict[str, str]:
    if not may.has(table, identifier, name):
        return {}
    query = sql.SQL("SELECT {0}, {1} FROM {2} WHERE {1} IS NOT NULL AND {1} <> ''")
    return dict(connection.execute(query.format(*map(sql.Identifier, (identifier, name, table)))).fetchall())


def _first_day(connection: Connection, may: Readable) -> str:
    """Return the first day that sums are kept of, as text that sorts; after all days where they may not be read."""
    table, column = _DAYS
    if not may.has(table, column):
        return "9"
    row = connection.execute(
        sql.SQL("SELECT min({}) FROM {}").format(sql.Identifier(column), sql.Identifier(table))
    ).fetchone()
    return str(row[0]) if row and row[0] else "9"
