"""Usage with its owners, and its sums by bucket: what proportional and activity-based splits are weighed by."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from rules.cells import bucket_start
from rules.decide import Facts, decide
from rules.facts import columns_asked_for, usage_fact
from rules.hours import LOOK_BACK_HOURS, Span
from rules.outcomes import MappingOwner, Owner, Per
from rules.rows import load_rows
from rules.ruleset import Rule, RuleSet
from rules.schema import UNATTRIBUTED
from rules.sql import day_of, hours_of, identifier, literal, units_of

RESOLVED = "attribution_resolved_usage"
AT_HAND = "attribution_usage"
_FACTS = "attribution_usage_facts"
_DECISIONS = "attribution_usage_decisions"

_TEAM_FACT = Rule("", Owner(team_column="team"))
"""A row whose facts name a team belongs to it, before any rule is asked."""

_NEEDS = pa.schema(
    [
        pa.field("need", pa.int64()),
        pa.field("metric", pa.string()),
        pa.field("pool", pa.string()),
        pa.field("start", pa.int64()),
        pa.field("stop", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Measure:
    """A metric of a pool (None for all pools) over the hours [start, end), counted from 1970 in UTC."""

    metric: str
    pool: str | None
    start: int
    end: int


def resolve_usage(
    connection: duckdb.DuckDBPyConnection, usage: str, ruleset: RuleSet, facts: Sequence[str] = ()
) -> str:
    """Create a table of the usage rows with `team`, and with the named facts as columns; return its name.

    Columns: x_Source, x_Day, hour, metric, pool, quantity, team and `fact_NAME` ("" where absent). `team` is the one
    that the row's facts name, else the one that the owner rules give, else "unattributed", each as of the row's own
    UTC day. What is resolved once serves every day whose span of usage it holds.
    """
    kept = "".join(f", coalesce({usage_fact(name)}, '') AS {identifier(f'fact_{name}')}" for name in facts)
    own_day = day_of("hour")
    rows = (
        f'SELECT "x_Source", {own_day} AS "x_Day", hour, metric, pool, quantity, facts, {own_day} AS day{kept}'
        f" FROM {identifier(usage)}"
    )
    _resolve(connection, rows, ruleset, RESOLVED)
    return RESOLVED


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


def _resolve(connection: duckdb.DuckDBPyConnection, rows: str, ruleset: RuleSet, into: str) -> None:
    """Ask the rules once for each distinct set of facts that they look at, then join."""
    rules = (_TEAM_FACT, *(rule for rule in ruleset.rules if isinstance(rule.outcome, Owner | MappingOwner)))
    names = columns_asked_for(rules)
    columns = {name: f"u{index}" for index, name in enumerate(names)}
    facts = ", ".join(f"{usage_fact(name)} AS {columns[name]}" for name in names)
    seen = f"SELECT *, {facts} FROM ({rows})"
    keys = ["day", *columns.values()]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FACTS} AS SELECT row_number() OVER () AS id, * FROM"
        f" (SELECT DISTINCT {', '.join(keys)} FROM ({seen}))"
    )
    decide(connection, Facts(_FACTS, columns), rules, ruleset.teams, _DECISIONS)
    agree = " AND ".join(f"r.{key} IS NOT DISTINCT FROM f.{key}" for key in keys)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT r.* EXCLUDE ({', '.join(keys)}, facts),"
        f" coalesce(nullif(d.team, ''), '{UNATTRIBUTED}') AS team"
        f" FROM ({seen}) r JOIN {_FACTS} f ON {agree} JOIN {_DECISIONS} d ON d.id = f.id"
    )


def sums_by_team(connection: duckdb.DuckDBPyConnection, measures: Sequence[Measure]) -> list[dict[str, int]]:
    """Return what each owner used, in 1e-12 units, for each measure; who reported zero is there with 0."""
    _load(connection, measures)
    found: list[dict[str, int]] = [{} for _ in measures]
    rows = connection.execute(
        f"SELECT n.need, u.team, sum({units_of('u.quantity')}) FROM attribution_needs n JOIN"
        f" {AT_HAND} u"
        " ON u.metric = n.metric AND u.at >= n.start AND u.at < n.stop AND (n.pool IS NULL OR u.pool = n.pool)"
        " GROUP BY ALL"
    ).fetchall()
    for number, team, units in rows:
        found[number][team] = int(units)
    return found


def latest_buckets(
    connection: duckdb.DuckDBPyConnection, measures: Sequence[Measure], per: Per, among: Collection[str]
) -> list[int | None]:
    """Return the first hour of the last bucket with usage before each measure, at most seven days back."""
    _load(connection, measures)
    found: list[int | None] = [None for _ in measures]
    taking_part = f" AND u.team IN ({', '.join(map(literal, among))})" if among else ""
    rows = connection.execute(
        f"SELECT n.need, max({bucket_start('u.at', per)}) FROM attribution_needs n JOIN"
        f" {AT_HAND} u"
        f" ON u.metric = n.metric AND u.at < n.start AND u.at >= {bucket_start(f'n.start - {LOOK_BACK_HOURS}', per)}"
        " AND (n.pool IS NULL OR u.pool = n.pool)"
        f" WHERE u.quantity > 0{taking_part} GROUP BY ALL"
    ).fetchall()
    for number, hour in rows:
        found[number] = int(hour)
    return found


def pools_of(connection: duckdb.DuckDBPyConnection, metric: str) -> tuple[str, ...]:
    """Return the pools that report a metric in the usage at hand, sorted."""
    rows = connection.execute(
        f"SELECT DISTINCT coalesce(pool, '') AS pool FROM {AT_HAND} WHERE metric = ? ORDER BY pool", [metric]
    ).fetchall()
    return tuple(pool for (pool,) in rows)


def is_covered(connection: duckdb.DuckDBPyConnection, coverage: str, measure: Measure) -> bool:
    """Return whether every source that reports the measure (or every source, where none does) covered its hours."""
    reporting = [
        source
        for (source,) in connection.execute(
            f"SELECT DISTINCT x_Source FROM {AT_HAND} WHERE metric = ? AND (? IS NULL OR pool = ?)",
            [measure.metric, measure.pool, measure.pool],
        ).fetchall()
    ]
    spans = connection.execute(
        f"SELECT source, {hours_of(identifier('start'))}, {hours_of(identifier('end'))} FROM {identifier(coverage)}"
        " ORDER BY ALL"
    ).fetchall()
    candidates = set(reporting) or {source for source, _, _ in spans}
    return bool(candidates) and all(
        _spanned(((start, end) for source, start, end in spans if source == candidate), measure)
        for candidate in candidates
    )


def _spanned(spans: Iterable[tuple[int, int]], measure: Measure) -> bool:
    reached = measure.start
    for start, end in spans:
        if start <= reached:
            reached = max(reached, end)
    return reached >= measure.end


def _load(connection: duckdb.DuckDBPyConnection, measures: Sequence[Measure]) -> None:
    rows = ((number, one.metric, one.pool, one.start, one.end) for number, one in enumerate(measures))
    load_rows(connection, "attribution_needs", _NEEDS, rows)
