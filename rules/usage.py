"""Usage with its owners: what proportional and activity-based splits are weighed by."""

from collections.abc import Collection, Mapping, Sequence

import duckdb

from rules.decide import Facts, decide
from rules.facts import columns_asked_for, usage_fact
from rules.hours import Span
from rules.matchers import answer_without
from rules.outcomes import MappingOwner, Owner
from rules.ruleset import Rule, RuleSet
from rules.schema import UNATTRIBUTED
from rules.sql import day_of, hours_of, identifier, literal

RESOLVED = "attribution_resolved_usage"
SHARED = "attribution_shared_usage"
"""Another name: a temporary table of the same one would hide it from the connection that made both."""
AT_HAND = "attribution_usage"
_SEEN = "attribution_usage_seen"
_FACTS = "attribution_usage_facts"
_DECISIONS = "attribution_usage_decisions"

_TEAM_FACT = Rule("", Owner(team_column="team"))
"""A row whose facts name a team belongs to it, before any rule is asked."""


def resolve_usage(
    connection: duckdb.DuckDBPyConnection,
    usage: str,
    ruleset: RuleSet,
    facts: Sequence[str] = (),
    kept: Sequence[str] = (),
    *,
    shared: bool = False,
) -> str:
    """Create a table of the usage rows with `team`, and with the named facts as columns; return its name.

    It is there for this connection alone, or `shared` with its cursors, so that they can work beside each other.

    Columns: x_Source, x_Day, hour, metric, pool, quantity, team, `fact_NAME` ("" where absent) and those of `kept`.
    `team` is the one that the row's facts name, else the one that the owner rules give, else "unattributed", each as of
    the row's own UTC day. What is resolved once serves every day whose span of usage it holds.
    """
    more = "".join(f", coalesce({usage_fact(name)}, '') AS {identifier(f'fact_{name}')}" for name in facts)
    more += "".join(f", {identifier(name)}" for name in kept)
    own_day = day_of("hour")
    columns = f'"x_Source", {own_day} AS "x_Day", hour, metric, pool, quantity, {own_day} AS day{more}'
    into, kind = (SHARED, "TABLE") if shared else (RESOLVED, "TEMP TABLE")
    _resolve(connection, (columns, usage), ruleset, f"{kind} {into}")
    return into


def take_span(
    connection: duckdb.DuckDBPyConnection, resolved: str, span: Span | None, metrics: Collection[str]
) -> None:
    """Create the table AT_HAND: the resolved rows of the metrics within the span, and no others.

    What lies outside must not matter: a day's result is the same whatever else was resolved with it.
    """
    named = ", ".join(map(literal, sorted(metrics))) or "NULL"
    within = "FALSE" if span is None else f"hour >= TIMESTAMPTZ '{span.start}' AND hour < TIMESTAMPTZ '{span.end}'"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {AT_HAND} AS"
        f' SELECT "x_Source", {hours_of("hour")} AS at, metric, pool, quantity, team'
        f" FROM {identifier(resolved)} WHERE metric IN ({named}) AND {within}"
    )


def _resolve(connection: duckdb.DuckDBPyConnection, rows: tuple[str, str], ruleset: RuleSet, into: str) -> None:
    """Read the rows (columns, table) once, ask the rules once for each distinct set of facts they look at, then join.

    Rules that look for what no row has, as most rules for bills do, are not asked.
    """
    rules = (_TEAM_FACT, *(rule for rule in ruleset.rules if isinstance(rule.outcome, Owner | MappingOwner)))
    names = columns_asked_for(rules)
    columns = {name: f"u{index}" for index, name in enumerate(names)}
    facts = ", ".join(f"{usage_fact(name)} AS {columns[name]}" for name in names)
    own, usage = rows
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_SEEN} AS SELECT {own}, {facts} FROM {identifier(usage)}")
    keys = ["day", *columns.values()]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FACTS} AS SELECT row_number() OVER () AS id, * FROM"
        f" (SELECT DISTINCT {', '.join(keys)} FROM {_SEEN})"
    )
    absent = _absent(connection, columns)
    asked = [rule for rule in rules if _could_own(rule, absent)]
    decide(connection, Facts(_FACTS, columns), asked, ruleset.teams, _DECISIONS)
    present = ["day", *(column for name, column in columns.items() if name not in absent)]
    agree = " AND ".join(f"r.{key} IS NOT DISTINCT FROM f.{key}" for key in present)
    connection.execute(
        f"CREATE OR REPLACE {into} AS SELECT r.* EXCLUDE ({', '.join(keys)}),"
        f" coalesce(nullif(d.team, ''), '{UNATTRIBUTED}') AS team"
        f" FROM {_SEEN} r JOIN {_FACTS} f ON {agree} JOIN {_DECISIONS} d ON d.id = f.id"
    )
    connection.execute(f"DROP TABLE {_SEEN}")


def _absent(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, str]) -> frozenset[str]:
    """Return the facts that no row has."""
    counted = ", ".join(f"count({column})" for column in columns.values())
    [counts] = connection.execute(f"SELECT {counted} FROM {_FACTS}").fetchall()
    return frozenset(name for name, count in zip(columns, counts, strict=True) if not count)


def _could_own(rule: Rule, absent: Collection[str]) -> bool:
    """Return whether a rule may say whose a row is that lacks these facts."""
    outcome = rule.outcome
    named = outcome.column if isinstance(outcome, MappingOwner) else getattr(outcome, "team_column", "")
    return named not in absent and answer_without(rule.match, absent) is not False
