"""Which rule claims each row of facts, and whom a direct rule names: first match wins.

An owner rule whose value names no team lets the row fall through to the next rule.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pyarrow as pa

from rules.match import condition
from rules.matchers import Test
from rules.outcomes import MappingOwner, Owner
from rules.owners import Directory, directory, is_there, look_up
from rules.rows import load_rows
from rules.ruleset import Rule, Team
from rules.schema import OWNER_COLUMNS
from rules.sql import literal

NOBODY = -1
"""The rule index of rows that no rule claims."""

OWNERS_TABLE = "attribution_owners"
_OwnerRow = tuple[int | str | date, ...]


@dataclass(frozen=True)
class Facts:
    """A table with `id`, `day` and text columns; `columns` maps the rules' names to the table's.

    `dimensions` are the configured ones that are kept, by name, with the column that each is taken from. `answers`
    are conditions on a row `g` in the place of tests, whose columns the table need not have.
    """

    table: str
    columns: Mapping[str, str]
    dimensions: tuple[tuple[str, str], ...] = ()
    answers: Mapping[Test, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lookup:
    """One question asked of many values: whom a value of a column names, by team names or by a mapping table."""

    number: int
    column: str
    mapping: MappingOwner | None


Lookups = Mapping[int, Lookup]
"""By rule index; rules that ask the same share a lookup. Rules with a fixed outcome have none."""


def lookups_of(rules: Sequence[Rule]) -> Lookups:
    """Return the lookup of every rule whose owner depends on a value."""
    found: dict[tuple[str, str], Lookup] = {}
    by_rule: dict[int, Lookup] = {}
    for index, rule in enumerate(rules):
        outcome = rule.outcome
        if isinstance(outcome, MappingOwner):
            key = (outcome.column, outcome.file)
            by_rule[index] = found.setdefault(key, Lookup(len(found), outcome.column, outcome))
        elif isinstance(outcome, Owner) and outcome.team_column:
            key = (outcome.team_column, "")
            by_rule[index] = found.setdefault(key, Lookup(len(found), outcome.team_column, None))
    return by_rule


def decide(
    connection: duckdb.DuckDBPyConnection, facts: Facts, rules: Sequence[Rule], teams: tuple[Team, ...], into: str
) -> None:
    """Create table `into`: id, rule (index, or NOBODY), team, project, environment, cost_center, dimensions.

    All are "" where unsaid; `dimensions` is the JSON object of those that have a value, in their order.
    """
    lookups = lookups_of(rules)
    _resolve_values(connection, facts, lookups, directory(teams))
    distinct = sorted({lookup.number: lookup for lookup in lookups.values()}.items())
    joins = "".join(
        f" LEFT JOIN {OWNERS_TABLE} o{number} ON o{number}.lookup = {number} AND o{number}.day = g.day"
        f" AND o{number}.value = g.{facts.columns[lookup.column]}"
        for number, lookup in distinct
    )
    kept = [*OWNER_COLUMNS, *(f"x{index}" for index in range(len(facts.dimensions)))]
    found = "".join(f", o{number}.{name} AS o{number}_{name}" for number, _ in distinct for name in kept)
    whens = " ".join(
        f"WHEN {claim(rule, facts)}{_resolved(lookups.get(index))} THEN {index}" for index, rule in enumerate(rules)
    )
    rule = f"CASE {whens} ELSE {NOBODY} END" if whens else str(NOBODY)
    owners = ", ".join(f"{_owner(name, rules, lookups, facts)} AS {name}" for name in OWNER_COLUMNS)
    dimensions = _dimensions(rules, lookups, facts)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT id, rule, {owners}, {dimensions} AS dimensions FROM"
        f" (SELECT g.*, CAST({rule} AS INTEGER) AS rule{found} FROM {facts.table} g{joins}) g"
    )


def _resolved(lookup: Lookup | None) -> str:
    return "" if lookup is None else f" AND o{lookup.number}.team IS NOT NULL"


def _owner(name: str, rules: Sequence[Rule], lookups: Lookups, facts: Facts) -> str:
    """Return the expression of one owner column: rules that take it from the same place share a branch."""
    branches: dict[str, list[int]] = {}
    fixed = [""] * len(rules)
    for index, rule in enumerate(rules):
        lookup, outcome = lookups.get(index), rule.outcome
        column = getattr(outcome, f"{name}_column", "") if isinstance(outcome, Owner) else ""
        if lookup is not None and (name == "team" or lookup.mapping is not None):
            branches.setdefault(f"o{lookup.number}_{name}", []).append(index)
        elif column:
            branches.setdefault(f"g.{facts.columns[column]}", []).append(index)
        elif isinstance(outcome, Owner) and name == "team":
            fixed[index] = outcome.team
    whens = " ".join(
        f"WHEN rule IN ({', '.join(map(str, indexes))}) THEN {expression}" for expression, indexes in branches.items()
    )
    constant = f"[{', '.join(map(literal, fixed))}][rule + 1]" if any(fixed) else "''"
    return f"coalesce(CASE {whens} ELSE {constant} END, '')" if whens else f"coalesce({constant}, '')"


def _dimensions(rules: Sequence[Rule], lookups: Lookups, facts: Facts) -> str:
    """Return the expression of the dimensions' JSON: what the rule says of one, else the column it is taken from."""
    entries = []
    for position, (name, column) in enumerate(facts.dimensions):
        branches: dict[str, list[int]] = {}
        for index, rule in enumerate(rules):
            outcome = rule.outcome
            if isinstance(outcome, MappingOwner):
                branches.setdefault(f"nullif(o{lookups[index].number}_x{position}, '')", []).append(index)
            elif isinstance(outcome, Owner) and name in dict(outcome.dimension_columns):
                given = dict(outcome.dimension_columns)[name]
                branches.setdefault(f"g.{facts.columns[given]}", []).append(index)
        whens = " ".join(f"WHEN rule IN ({', '.join(map(str, some))}) THEN {value}" for value, some in branches.items())
        own = f"g.{facts.columns[column]}"
        value = f"coalesce(CASE {whens} END, {own})" if whens else own
        entries.append(f"""CASE WHEN {value} IS NOT NULL THEN '"{name}":' || CAST(to_json({value}) AS VARCHAR) END""")
    return f"coalesce('{{' || nullif(concat_ws(',', {', '.join(entries)}), '') || '}}', '')" if entries else "''"


def claim(rule: Rule, facts: Facts) -> str:
    """Return the SQL condition that a rule's dates and matcher put on a row of facts `g`."""
    named = {name: f"g.{column}" for name, column in facts.columns.items()}
    dates = [f"g.day >= DATE '{rule.start}'"] if rule.start else []
    dates += [f"g.day < DATE '{rule.end}'"] if rule.end else []
    return " AND ".join([*dates, condition(rule.match, named, facts.answers)])


def _resolve_values(connection: duckdb.DuckDBPyConnection, facts: Facts, lookups: Lookups, names: Directory) -> None:
    """Create the table of whom each distinct value names; values that name nobody are left out."""
    rows: list[_OwnerRow] = []
    for lookup in {lookup.number: lookup for lookup in lookups.values()}.values():
        column = facts.columns[lookup.column]
        values = connection.execute(
            f"SELECT DISTINCT {column}, day FROM {facts.table} WHERE {column} IS NOT NULL"
        ).fetchall()
        rows += _named(lookup, values, names, [name for name, _ in facts.dimensions])
    load_rows(connection, OWNERS_TABLE, _owners_schema(len(facts.dimensions)), rows)


def _owners_schema(dimensions: int) -> pa.Schema:
    texts = (*OWNER_COLUMNS, *(f"x{index}" for index in range(dimensions)))
    keys = [pa.field("lookup", pa.int32()), pa.field("value", pa.string()), pa.field("day", pa.date32())]
    return pa.schema([*keys, *(pa.field(name, pa.string()) for name in texts)])


def _named(
    lookup: Lookup, values: Sequence[tuple[str, date]], names: Directory, dimensions: Sequence[str]
) -> Iterator[_OwnerRow]:
    mapped = dict(lookup.mapping.owners) if lookup.mapping else {}
    for value, day in values:
        if lookup.mapping is None:
            team = look_up(value, names, day)
            if team is not None:
                yield lookup.number, value, day, team, "", "", "", *("" for _ in dimensions)
        elif value in mapped and is_there(mapped[value].team, names, day):
            owner = mapped[value]
            more = dict(owner.dimensions)
            texts = owner.project, owner.environment, owner.cost_center, *(more.get(name, "") for name in dimensions)
            yield lookup.number, value, day, owner.team, *texts
