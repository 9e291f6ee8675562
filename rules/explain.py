"""From an amount to the rules, weights and charges that it came from."""

from collections.abc import Mapping
from dataclasses import replace

import duckdb

from rules.allocations import PART_JOINS, described_parts, load_names
from rules.attribute import DayTables, Worked, work_out
from rules.charge_shares import charges_of_cells
from rules.decide import NOBODY
from rules.explained_costs import costs_behind_splits
from rules.explained_parts import Case, Given, costs_of, grouped, rule_parts
from rules.explained_reasons import reasons_of_nobody
from rules.explained_usage import Asked, usage_behind
from rules.explanation import CurrencyPart, Explanation, Question
from rules.keys import split_keys
from rules.ruleset import RuleSet
from rules.sharing import SHARED_PARTS
from rules.split import COSTS
from rules.sql import literal

LARGEST_CHARGES = 20


def explain(
    connection: duckdb.DuckDBPyConnection,
    tables: DayTables,
    ruleset: RuleSet,
    question: Question,
    largest: int = LARGEST_CHARGES,
) -> Explanation:
    """Attribute the charges anew and answer; at most `largest` charges of each weighing are listed one by one.

    Every level sums exactly to the one above, in all three costs. Replaces what `attribute` left in the connection.
    """
    worked = work_out(connection, tables, ruleset)
    case, given = _behind(connection, tables, question, worked, ruleset)
    case = replace(case, largest=largest)
    by_currency = grouped(given, lambda one: one.currency)
    parts = (
        CurrencyPart(str(currency), costs_of(members), rule_parts(case, members))
        for currency, members in sorted(by_currency.items(), key=lambda item: str(item[0]))
    )
    return Explanation(question, tuple(parts))


def _given(connection: duckdb.DuckDBPyConnection, worked: Worked, ruleset: RuleSet, question: Question) -> list[Given]:
    load_names(connection, ruleset)
    columns = described_parts(worked.plan)
    agrees = {name: "<> ''" if value is None else f"= {literal(value)}" for name, value in question.where}
    conditions = "".join(f" AND {_column(columns, name)} {agree}" for name, agree in agrees.items())
    rows = connection.execute(
        f"SELECT c.cell, c.split, c.rule, c.day, c.currency, p.idle_cause, {columns['idle_cause']}, p.shared_step,"
        f" p.step_fallback, {', '.join(f'p.{cost}' for cost in COSTS)} FROM {SHARED_PARTS} p {PART_JOINS}"
        f" WHERE p.team = ?{conditions} ORDER BY ALL",
        [question.team],
    ).fetchall()
    return [Given(*row) for row in rows]


def _column(columns: Mapping[str, str], name: str) -> str:
    if name in columns:
        return columns[name]
    path = literal(f'$."{name.removeprefix("dimensions.")}"')
    return f"coalesce(json_extract_string(nullif({columns['dimensions']}, ''), {path}), '')"


def _behind(
    connection: duckdb.DuckDBPyConnection,
    tables: DayTables,
    question: Question,
    worked: Worked,
    ruleset: RuleSet,
) -> tuple[Case, list[Given]]:
    """Return the parts that the question is about, and all that leads to them."""
    given = _given(connection, worked, ruleset, question)
    asked = {
        one.split: Asked(one.split, ruleset.rules[one.rule].outcome, window)
        for one in given
        if one.split is not None and (window := worked.phased.weights[one.split].window) is not None
    }
    owners = {one.shared_step or question.team for one in given}
    splits = {one.split for one in given if one.split is not None}
    keys = [key for key in split_keys(connection, worked.plan) if key.number in splits]
    nobodys = [one.cell for one in given if one.rule == NOBODY]
    cells = sorted({one.cell for one in given})
    case = Case(
        team=question.team,
        worked=worked,
        ruleset=ruleset,
        charges=charges_of_cells(connection, tables.charges, worked.plan, ruleset, cells),
        usage=usage_behind(connection, tables.usage, list(asked.values()), owners),
        weighed_by=costs_behind_splits(worked, ruleset, keys, owners),
        reasons=reasons_of_nobody(connection, worked.plan, ruleset, nobodys) if nobodys else {},
        largest=LARGEST_CHARGES,
    )
    return case, given
