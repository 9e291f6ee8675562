"""Rules for what no rule claims, with the money that each would claim, exactly and as the engine would."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from rules.decide import NOBODY, Facts, decide
from rules.facts import charge_fact, columns_asked_for, columns_in
from rules.outcomes import Owner
from rules.owners import spellings
from rules.ruleset import Rule, RuleSet
from rules.sql import identifier
from rules.suggesting.candidates import choose
from rules.suggesting.drafts import NEAR, NEARLY, Draft, draft, nearest_team
from rules.suggesting.unclaimed import UNCLAIMED, unclaimed_units

_FACTS, _DECIDED = "suggesting_facts", "suggesting_claims"
_MOST_COMPARED = 200
"""Values that are held against every team's name."""


@dataclass(frozen=True)
class Suggestion:
    """A draft and the effective cost, in units of 1e-12, that it claims behind the rules there are and earlier drafts.

    `alias` is the team for which the value is likely another spelling, where an owner rule reads that column.
    """

    draft: Draft
    units: int
    alias: str


@dataclass(frozen=True)
class Suggested:
    """All suggestions, and what they leave: with it they sum to `unclaimed`."""

    unclaimed: int
    suggestions: tuple[Suggestion, ...]
    left: int


def suggest(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet, most: int) -> Suggested:
    """Suggest at most `most` rules for the charges that `unclaimed.gather` put into the connection."""
    taken = {rule.name for rule in ruleset.rules}
    read = {rule.outcome.team_column for rule in ruleset.rules if isinstance(rule.outcome, Owner)} - {""}
    drafts: list[Draft] = []
    for candidate in choose(connection, _telling(connection, ruleset, read), most):
        alike = NEARLY if candidate.column in read else NEAR
        drafts.append(draft(candidate, ruleset.teams, taken, alike))
        taken.add(drafts[-1].name)
    claims = _claims(connection, drafts)
    suggestions = tuple(
        Suggestion(one, claims.get(at, 0), one.owner if one.candidate.column in read else "")
        for at, one in enumerate(drafts)
    )
    unclaimed = unclaimed_units(connection)
    return Suggested(unclaimed, suggestions, unclaimed - sum(one.units for one in suggestions))


def _telling(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet, read: Collection[str]) -> set[str]:
    """Return the teams' names, and the most expensive values that nearly are one where a team's name should stand."""
    names = {spelling for team in ruleset.teams for spelling in spellings(team)}
    available = columns_in(connection, UNCLAIMED)
    for column in sorted(read):
        fact = charge_fact(column, available)
        values = connection.execute(
            f"SELECT {fact} AS value FROM {UNCLAIMED} WHERE value IS NOT NULL GROUP BY value"
            f" ORDER BY sum(effective) DESC, value LIMIT {_MOST_COMPARED}"
        ).fetchall()
        names |= {value for (value,) in values if nearest_team(value, ruleset.teams, NEARLY)}
    return names


def _claims(connection: duckdb.DuckDBPyConnection, drafts: Sequence[Draft]) -> dict[int, int]:
    """Return what each draft claims, by its place: the engine's own decision, not what the choice went by."""
    rules = [Rule(one.name, Owner(one.owner or "-"), one.matcher) for one in drafts]
    available = columns_in(connection, UNCLAIMED)
    columns = {name: f"c{index}" for index, name in enumerate(columns_asked_for(rules))}
    facts = "".join(f", {charge_fact(name, available)} AS {column}" for name, column in columns.items())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FACTS} AS SELECT row_number() OVER () AS id, day, effective{facts}"
        f" FROM {identifier(UNCLAIMED)}"
    )
    decide(connection, Facts(_FACTS, columns), rules, (), _DECIDED)
    rows = connection.execute(
        f"SELECT rule, sum(effective) FROM {_FACTS} JOIN {_DECIDED} USING (id) WHERE rule <> {NOBODY} GROUP BY rule"
    ).fetchall()
    return {int(rule): int(units) for rule, units in rows}
