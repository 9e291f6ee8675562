"""Writing the allocations: cells joined with their parts, under the names that reports read."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from rules.cells import CELLS, UNUSED, Plan, method_of
from rules.decide import NOBODY
from rules.owners import cost_centers
from rules.phases import SPLITS
from rules.rows import load_rows
from rules.ruleset import RuleSet
from rules.schema import ALLOCATIONS, COST_COLUMNS, DIMENSION_COLUMNS
from rules.sharing import SHARED_PARTS
from rules.split import COSTS
from rules.sql import amount_of, instant_of

ALLOCATIONS_TABLE = "attribution_allocations"
RULES = "attribution_rules"
UNUSED_CAUSE = "unused_commitment"
_CENTERS = "attribution_cost_centers"
PART_JOINS = (
    f"JOIN {CELLS} c ON c.cell = p.cell JOIN {RULES} r ON r.rule = c.rule"
    f" LEFT JOIN {SPLITS} s ON s.split = c.split LEFT JOIN {_CENTERS} t ON t.team = p.team"
)
"""What tells a part's rule, owner facts and dimensions."""

_RULES = pa.schema([pa.field("rule", pa.int32()), pa.field("name", pa.string()), pa.field("method", pa.string())])
_COST_CENTERS = pa.schema([pa.field("team", pa.string()), pa.field("cost_center", pa.string())])


def write_allocations(connection: duckdb.DuckDBPyConnection, plan: Plan, ruleset: RuleSet) -> None:
    """Create the table of allocations, with exactly the columns of `schema.ALLOCATIONS`, ordered by cell and owner.

    The cost center is the one that the rule gave, else the team's own; of what a shared team passed on, the team's.
    """
    load_names(connection, ruleset)
    costs = {name: amount_of(f"p.{cost}") for name, cost in zip(COST_COLUMNS, COSTS, strict=True)}
    columns = described_parts(plan) | costs
    selected = ", ".join(f"{columns[name]} AS {name}" for name in ALLOCATIONS.names)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {ALLOCATIONS_TABLE} AS SELECT {selected} FROM {SHARED_PARTS} p {PART_JOINS}"
        " ORDER BY p.cell, p.team, p.idle_cause, p.shared_step"
    )


def idle_cause(plan: Plan) -> str:
    """Return the idle cause of a part `p` of a cell `c`: a commitment that nobody used is one of its own."""
    return f"CASE WHEN c.{UNUSED} THEN '{UNUSED_CAUSE}' ELSE p.idle_cause END" if plan.tells_unused else "p.idle_cause"


def load_names(connection: duckdb.DuckDBPyConnection, ruleset: RuleSet) -> None:
    """Create the tables of the rules' names and the teams' cost centers that PART_JOINS reads."""
    load_rows(connection, RULES, _RULES, _rule_rows(ruleset))
    load_rows(connection, _CENTERS, _COST_CENTERS, cost_centers(ruleset.teams).items())


def described_parts(plan: Plan) -> dict[str, str]:
    """Return the allocations' columns but the costs, each an expression over parts `p` and PART_JOINS.

    A part has cell, team, idle_cause, shared_step and step_fallback.
    """
    dimensions = {name: f"c.d{index}" for index, name in enumerate(DIMENSION_COLUMNS)}
    given = "CASE WHEN p.shared_step = '' THEN nullif(c.cost_center, '') END"
    return {
        "x_Source": "c.source",
        "x_Day": "c.day",
        "cell": "c.cell",
        "BillingCurrency": "c.currency",
        "BillingPeriodStart": "c.billing_period",
        "window_start": instant_of("s.measured_start"),
        "window_end": instant_of("s.measured_end"),
        "rule": "r.name",
        "method": "r.method",
        "shared_step": "p.shared_step",
        "idle_cause": idle_cause(plan),
        "fallback": "coalesce(nullif(s.fallback, ''), p.step_fallback)",
        "team": "p.team",
        "project": "c.project",
        "environment": "c.environment",
        "cost_center": f"coalesce({given}, t.cost_center, '')",
        **dimensions,
        "dimensions": "c.dimensions",
        "x_Basis": "c.basis",
    }


def _rule_rows(ruleset: RuleSet) -> Iterator[tuple[int, str, str]]:
    yield NOBODY, "", "unattributed"
    for index, rule in enumerate(ruleset.rules):
        yield index, rule.name, method_of(rule.outcome)
