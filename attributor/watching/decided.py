"""Whose charges are, as the rules have it: asked once for each distinct set of facts that rules look at."""

from collections.abc import Mapping

import duckdb

from rules.decide import Facts, decide
from rules.facts import charge_fact, columns_asked_for
from rules.ruleset import RuleSet

_FACTS, _DECISIONS = "watched_facts", "watched_decisions"


def facts_of(ruleset: RuleSet, available: frozenset[str]) -> str:
    """Return what rules look at in a charge, as more columns of a SELECT, each with a comma before it."""
    return "".join(f", {charge_fact(name, available)} AS {column}" for name, column in _columns(ruleset).items())


def decided(connection: duckdb.DuckDBPyConnection, rows: str, ruleset: RuleSet) -> str:
    """Ask the rules about `rows`, which have `day` and `facts_of`; return the join of `rows r` to the decisions `d`.

    It holds until the next call.
    """
    columns = _columns(ruleset)
    keys = ("day", *columns.values())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FACTS} AS"
        f" SELECT row_number() OVER () AS id, * FROM (SELECT DISTINCT {', '.join(keys)} FROM {rows})"
    )
    decide(connection, Facts(_FACTS, columns), ruleset.rules, ruleset.teams, _DECISIONS)
    agree = " AND ".join(f"r.{key} IS NOT DISTINCT FROM f.{key}" for key in keys)
    return f"{rows} r JOIN {_FACTS} f ON {agree} JOIN {_DECISIONS} d ON d.id = f.id"


def _columns(ruleset: RuleSet) -> Mapping[str, str]:
    return {name: f"u{index}" for index, name in enumerate(columns_asked_for(ruleset.rules))}
