"""What rules that lean on a whole month need of its other days."""

import duckdb

from rules.attribute import DayTables, measured_span, read_charges
from rules.cells import make_cells
from rules.hours import Span
from rules.keys import split_keys
from rules.measures import UsageSource
from rules.phases import leans_on_month, owner_costs_query, phase_one
from rules.ruleset import RuleSet
from rules.sql import amount_of

PHASE_ONE_COSTS = "attribution_phase_one_costs"


def needs_month(ruleset: RuleSet) -> bool:
    """Return whether a rule is weighed by the whole month's cost: `follow`, or `by: cost` with `per: month`."""
    return any(leans_on_month(rule) for rule in ruleset.rules)


def phase_one_costs(connection: duckdb.DuckDBPyConnection, tables: DayTables, ruleset: RuleSet) -> Span | None:
    """Create the table PHASE_ONE_COSTS of what phase 1 gave each owner on each day of the charges.

    Returns the span of usage that was needed, as `Attribution.span`.

    Columns: day, currency, team, f0… (the values of the followed columns) and effective as DECIMAL(38,12). The union
    of it over the days of a month is what `DayTables.month_costs` wants.
    """
    plan = make_cells(connection, read_charges(connection, tables, ruleset), ruleset)
    span = measured_span(connection, tables.usage, ruleset)
    phase_one(UsageSource(connection, tables.coverage), ruleset, split_keys(connection, plan))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {PHASE_ONE_COSTS} AS SELECT * REPLACE ({amount_of('effective')} AS effective)"
        f" FROM ({owner_costs_query(plan)})"
    )
    return span
