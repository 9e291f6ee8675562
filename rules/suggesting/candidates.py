"""What new rules could go by, and the greedy choice among it: the most money first, each only what is left."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import duckdb

from rules.sql import literal
from rules.suggesting.unclaimed import UNCLAIMED

Kind = Literal["tag", "namespace", "account", "name"]
_ROWS, _PAIRS, _TEAMS = "suggesting_rows", "suggesting_pairs", "suggesting_teams"
_OWNING = (
    "(?i)(^|[:/._-])(team|owner|squad|group|department|dept|project|product|app|application|service|component|"
    "cost[-_ ]?cent(er|re)|business[-_ ]?unit|customer|tenant)$"
)
_NAMESPACE = "(?i)namespace"
_NOT_OWNING = (
    "(?i)(^|[:/._-])(env|environment|stage|tier|region|zone|name|version|created.*|managed.?by|terraform.*|"
    "instance.*|os|arch|architecture|kind|type)$"
)
_SEPARATED = "[^-_./:]+[-_./:]+"
_COMMON = "(arn:([^:]*:){5}|/subscriptions/[^/]+/[^/]+/)?"
"""What the ids of a whole account begin with says nothing of who owns one of them."""


@dataclass(frozen=True)
class Candidate:
    """Charges that agree: in a tag, a namespace, an account, or in how their names begin.

    `begins` says that `value` is a beginning in which every run of digits is written as one 0. `label` is the account's
    name where there is one.
    """

    kind: Kind
    column: str
    value: str
    begins: bool
    label: str


def choose(connection: duckdb.DuckDBPyConnection, telling: Collection[str], most: int) -> Iterator[Candidate]:
    """Yield at most `most` candidates: the one with the most money that is left, weighed by how well it tells an owner.

    `telling` are values that name a team or nearly do; they weigh most, then owner tags and namespaces, accounts, other
    tags, and names.
    """
    _put_rows(connection, telling)
    for _ in range(most):
        row = connection.execute(
            f"SELECT kind, column_name, value, begins, coalesce(max(label), ''), sum(effective) AS money"
            f" FROM {_PAIRS} GROUP BY kind, column_name, value, begins, weight HAVING money > 0"
            " ORDER BY money * weight DESC, length(value) DESC, kind, column_name, value, begins LIMIT 1"
        ).fetchone()
        if row is None:
            return
        kind, column, value, begins, label, _ = row
        yield Candidate(kind, column, value, begins, label)
        connection.execute(
            f"DELETE FROM {_PAIRS} WHERE id IN (SELECT id FROM {_PAIRS}"
            " WHERE kind = ? AND column_name = ? AND value = ? AND begins = ?)",
            [kind, column, value, begins],
        )


def _put_rows(connection: duckdb.DuckDBPyConnection, telling: Collection[str]) -> None:
    listed = ", ".join(f"({_normal(literal(name))})" for name in sorted(telling)) or "(NULL)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_TEAMS} AS SELECT DISTINCT * FROM (VALUES {listed}) t(name)")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS SELECT row_number() OVER () AS id, SubAccountId, SubAccountName,"
        " coalesce(ResourceName, ResourceId) AS resource, CASE WHEN ResourceName IS NULL THEN 'ResourceId' ELSE"
        f" 'ResourceName' END AS resource_column, Tags, sum(effective) AS effective FROM {UNCLAIMED} GROUP BY ALL"
    )
    arms = " UNION ALL ".join((_TAGS, _ACCOUNTS, *_namespaces(), *_names()))
    writable = "value <> '' AND value NOT LIKE '%${%' AND NOT starts_with(value, '(?i)')"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PAIRS} AS SELECT p.* REPLACE (CASE WHEN {_normal('p.value')} IN"
        f" (SELECT name FROM {_TEAMS}) THEN weight * 4 ELSE weight END AS weight) FROM ({arms}) p WHERE {writable}"
    )


_ENTRIES = f"(SELECT id, effective, unnest(map_entries(Tags)) AS tag FROM {_ROWS})"
_TAGS = (
    f"SELECT id, effective, CASE WHEN regexp_matches(tag.key, {literal(_NAMESPACE)}) THEN 'namespace' ELSE 'tag' END"
    " AS kind, 'tags.' || tag.key AS column_name, tag.value AS value, FALSE AS begins, CAST(NULL AS VARCHAR) AS label,"
    f" CASE WHEN regexp_matches(tag.key, {literal(_NAMESPACE)}) OR regexp_matches(tag.key, {literal(_OWNING)}) THEN 8"
    f" ELSE 4 END AS weight FROM {_ENTRIES} WHERE NOT regexp_matches(tag.key, {literal(_NOT_OWNING)})"
)
_ACCOUNTS = (
    "SELECT id, effective, 'account', 'SubAccountId', SubAccountId, FALSE, SubAccountName, 6"
    f" FROM {_ROWS} WHERE SubAccountId IS NOT NULL"
)


def _namespaces() -> Iterator[str]:
    """Yield what namespaces begin with, up to a separator, where several begin so."""
    for count in (1, 2):
        found = (
            f"SELECT id, effective, tag.key AS key, tag.value AS whole, {_beginning('tag.value', count, '')} AS value"
            f" FROM {_ENTRIES} WHERE regexp_matches(tag.key, {literal(_NAMESPACE)})"
        )
        yield (
            "SELECT id, effective, 'namespace', 'tags.' || key, value, TRUE, CAST(NULL AS VARCHAR), 2 FROM (SELECT *,"
            f" count(DISTINCT whole) OVER (PARTITION BY key, value) AS several FROM ({found})) WHERE several > 1"
        )


def _names() -> Iterator[str]:
    """Yield what the names or ids of resources begin with, up to one of the first separators, where several do."""
    for count in (1, 2, 3):
        found = (
            f"SELECT id, effective, resource_column, resource, {_beginning('resource', count, _COMMON)} AS value"
            f" FROM {_ROWS} WHERE resource IS NOT NULL"
        )
        yield (
            "SELECT id, effective, 'name', resource_column, value, TRUE, CAST(NULL AS VARCHAR), 1 FROM (SELECT *,"
            f" count(DISTINCT resource) OVER (PARTITION BY resource_column, value) AS several FROM ({found}))"
            " WHERE several > 1"
        )


def _beginning(text: str, count: int, common: str) -> str:
    abstracted = f"regexp_replace({text}, '[0-9]+', '0', 'g')"
    return f"regexp_extract({abstracted}, {literal(f'^{common}({_SEPARATED}){{{count}}}')})"


def _normal(text: str) -> str:
    """Return nearly what `owners.normal` does, which is enough to weigh by."""
    return f"trim(regexp_replace(lower(regexp_replace({text}, '@.*$', '')), '[\\s\\-_.]+', ' ', 'g'))"
