"""Owner values that name no team, with the money behind them."""

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from rules.cells import DECISIONS, GROUPS, Plan, facts_of_groups
from rules.decide import NOBODY, OWNERS_TABLE, claim, lookups_of
from rules.ruleset import RuleSet
from rules.sql import amount_of, literal


@dataclass(frozen=True)
class Unmatched:
    """An owner value that names no team, and the effective cost of the charges that fell through for it."""

    source: str
    column: str
    value: str
    currency: str
    effective: Decimal


def fell_through(plan: Plan, ruleset: RuleSet) -> str | None:
    """Return the groups that fell through an owner rule, with the column and the value that names no team, as a query.

    Columns: id, name, value. None where no rule looks an owner up.
    """
    facts = facts_of_groups(plan, ruleset)
    fell = []
    for index, lookup in lookups_of(ruleset.rules).items():
        column = f"g.{plan.columns[lookup.column]}"
        fell.append(
            f"SELECT g.id, {literal(lookup.column)} AS name, {column} AS value FROM {GROUPS} g JOIN {DECISIONS} d"
            f" USING (id) LEFT JOIN {OWNERS_TABLE} o ON o.lookup = {lookup.number} AND o.value = {column}"
            f" AND o.day = g.day WHERE {column} IS NOT NULL AND o.team IS NULL"
            f" AND (d.rule = {NOBODY} OR d.rule > {index}) AND {claim(ruleset.rules[index], facts)}"
        )
    return " UNION ".join(fell) if fell else None


def unmatched_owners(connection: duckdb.DuckDBPyConnection, plan: Plan, ruleset: RuleSet) -> tuple[Unmatched, ...]:
    """Return the values by which charges fell through a rule that would have claimed them, each charge once."""
    fell = fell_through(plan, ruleset)
    if fell is None:
        return ()
    rows = connection.execute(
        f"SELECT g.source, f.name, f.value, g.currency, {amount_of('sum(g.EffectiveCost)')}"
        f" FROM ({fell}) f JOIN {GROUPS} g USING (id) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return tuple(Unmatched(*row) for row in rows)
