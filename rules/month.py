"""What rules that lean on a whole month need of its other days."""

import duckdb

from rules.attribute import Begun, DayTables, read_charges
from rules.cells import make_cells
from rules.phases import leans_on_month, owner_costs_query
from rules.pools import is_held_over_month, write_pool_costs
from rules.ruleset import Rule, RuleSet, SharedTeam
from rules.sql import amount_of

PHASE_ONE_COSTS = "attribution_phase_one_costs"


def needs_month(ruleset: RuleSet) -> bool:
    """Return whether a rule is weighed by what other days of the month cost."""
    return bool(leaning_on_month(ruleset))


def leaning_on_month(ruleset: RuleSet) -> tuple[Rule | SharedTeam, ...]:
    """Return the rules and shared teams that are weighed by what other days of the month cost."""
    rules = (rule for rule in ruleset.rules if leans_on_month(rule.outcome) or is_held_over_month(rule.outcome))
    return *rules, *(shared for shared in ruleset.shared if leans_on_month(shared.split))


def needs_costs(ruleset: RuleSet) -> bool:
    """Return whether a rule is weighed by owners' costs of the month: `follow`, or `by: cost` with `per: month`."""
    outcomes = (*(rule.outcome for rule in ruleset.rules), *(shared.split for shared in ruleset.shared))
    return any(leans_on_month(outcome) for outcome in outcomes)


def pool_costs(connection: duckdb.DuckDBPyConnection, tables: DayTables, ruleset: RuleSet) -> None:
    """Create the table POOL_COSTS of what each pool that is held over a month costs on each day of the charges.

    No usage is read. Columns: rule (its place in the rule set), day, currency, window_start and window_end (half-open
    hours from 1970, UTC) and effective as DECIMAL(38,12). The union of it over the days of a month is what
    `DayTables.month_pools` wants.
    """
    make_cells(connection, read_charges(connection, tables, ruleset), ruleset)
    write_pool_costs(connection, ruleset)


def phase_one_costs(connection: duckdb.DuckDBPyConnection, begun: Begun) -> None:
    """Create the table PHASE_ONE_COSTS of what phase 1 gave each owner on each day of the charges that are begun.

    Where the rules hold claims against the pools of a month, they were begun with these.

    Columns: day, currency, team, f0… (the values of the followed columns), effective as DECIMAL(38,12), and charges, of
    how many it is, null where charges were collapsed before they were counted (`DayTables.columns`). The union of it
    over the days of a month is what `DayTables.month_costs` wants.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {PHASE_ONE_COSTS} AS SELECT * REPLACE ({amount_of('effective')} AS effective)"
        f" FROM ({owner_costs_query(begun.plan)})"
    )
