"""From a day's charges and usage to its allocations: match, collapse, weigh, split, pass on, verify."""

from dataclasses import dataclass, field

import duckdb

from rules.allocations import ALLOCATIONS_TABLE, write_allocations
from rules.cells import Charges, Plan, make_cells
from rules.collapse import ColumnReader, collapse
from rules.hours import Span
from rules.judged import Memory
from rules.measures import UsageSource
from rules.methods.idle import BUSY, CAPACITY, LOW, needs_capacity
from rules.outcomes import Activity, UsageSplit
from rules.phases import First, Phased, phase_one, phase_two
from rules.pools import Pools, pools_of_other_days, reached_by
from rules.required_tags import write_compliance
from rules.ruleset import RuleSet
from rules.sharing import Step, pass_on
from rules.span import span_of
from rules.unmatched import Unmatched, unmatched_owners
from rules.usage import take_span
from rules.verify import verify

__all__ = ["Attribution", "DayTables", "Span", "Unmatched", "attribute", "usage_span"]


@dataclass(frozen=True)
class DayTables:
    """Names of tables or views in the connection.

    `charges` has the columns of its table; `usage` is what `usage.resolve_usage` made, over at least the `usage_span`;
    `coverage` has source, start, end: the half-open spans that the usage sources covered. `month_costs` has what
    `month.phase_one_costs` returned for the other days of the month, wanted where `month.needs_costs` says so, and
    `month_pools` what `month.pool_costs` returned, wanted where `pools.needs_pools` says so.
    """

    charges: str
    usage: str
    coverage: str
    month_costs: str | None = None
    month_pools: str | None = None
    columns: ColumnReader | None = None
    """Reads the same charges by the column, to collapse them early; without it they are read from the table.

    Where `collapse.takes_columns` says so, `charges` then needs no others than `collapse.CHECKED_COLUMNS`.
    """
    answers: Memory = field(default_factory=dict)
    """What rules said of values before; days that share it are done faster, and no otherwise."""


@dataclass(frozen=True)
class Attribution:
    """`allocations` names a table of the connection with the columns of `schema.ALLOCATIONS`; replaced by the next."""

    allocations: str
    unmatched: tuple[Unmatched, ...]
    warnings: tuple[str, ...]
    span: Span | None
    """The half-open UTC span of usage that was needed: where `usage` did not reach over it, the result is wrong."""
    tags: str | None = None
    """The table that `required_tags.write_compliance` made, where tags are required."""


@dataclass(frozen=True)
class Begun:
    """Charges after phase 1, their tables in the connection; nothing else may be attributed there until the rest is."""

    tables: DayTables
    plan: Plan
    source: UsageSource
    first: First
    span: Span | None
    """As that of `Attribution`."""


@dataclass(frozen=True)
class Worked:
    """What attribution leaves in the connection for those who explain it."""

    plan: Plan
    phased: Phased
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    span: Span | None


def attribute(connection: duckdb.DuckDBPyConnection, tables: DayTables, ruleset: RuleSet) -> Attribution:
    """Give every charge of the table its owners; allocations sum to the charges exactly in every cost column.

    Raises MoneyLostError, a bug, where they do not. Works with temporary tables whose names begin with
    `attribution_`, so that one connection attributes one thing at a time.
    """
    return finish(connection, begin(connection, tables, ruleset), ruleset, tables.month_costs)


def begin(connection: duckdb.DuckDBPyConnection, tables: DayTables, ruleset: RuleSet) -> Begun:
    """Do all that needs no costs of other days; `tables.month_costs` is not looked at."""
    return _begun(connection, tables, read_charges(connection, tables, ruleset), ruleset)


def finish(
    connection: duckdb.DuckDBPyConnection, begun: Begun, ruleset: RuleSet, month_costs: str | None
) -> Attribution:
    """Do the rest of what `attribute` does; `month_costs` as in `DayTables`."""
    worked = _finished(begun, ruleset, month_costs)
    unmatched = unmatched_owners(connection, worked.plan, ruleset)
    write_allocations(connection, worked.plan, ruleset)
    verify(connection, begun.tables.charges, ALLOCATIONS_TABLE)
    tags = write_compliance(connection, ALLOCATIONS_TABLE, ruleset)
    return Attribution(ALLOCATIONS_TABLE, unmatched, worked.warnings, worked.span, tags)


def usage_span(connection: duckdb.DuckDBPyConnection, charges: str, ruleset: RuleSet) -> Span | None:
    """Return the half-open UTC span of usage that attributing these charges needs, or None where they need none.

    It holds every bucket (hour, day, month) that overlaps a charge of a rule that measures usage, and reaches back
    where `without_usage: previous` may lean on an earlier bucket. Pools of other days may reach further.
    """
    if not metrics_of(ruleset):
        return None
    make_cells(connection, Charges(charges), ruleset)
    return span_of(connection, ruleset)


def read_charges(connection: duckdb.DuckDBPyConnection, tables: DayTables, ruleset: RuleSet) -> Charges:
    """Return the charges to attribute, collapsed where that can be."""
    collapsed = collapse(connection, tables.columns, ruleset, tables.answers) if tables.columns else None
    return collapsed or Charges(tables.charges)


def work_out(connection: duckdb.DuckDBPyConnection, tables: DayTables, ruleset: RuleSet) -> Worked:
    """Leave cells and their parts, with everything that they were weighed by, in the connection.

    Its groups are of the charges as they are, so that each charge can be found in its cell.
    """
    begun = _begun(connection, tables, Charges(tables.charges), ruleset)
    return _finished(begun, ruleset, tables.month_costs)


def _begun(connection: duckdb.DuckDBPyConnection, tables: DayTables, charges: Charges, ruleset: RuleSet) -> Begun:
    plan = make_cells(connection, charges, ruleset)
    pools = other_pools(connection, tables, ruleset)
    span = measured_span(connection, tables.usage, ruleset, pools)
    source = UsageSource(connection, tables.coverage)
    return Begun(tables, plan, source, phase_one(source, plan, ruleset, pools), span)


def _finished(begun: Begun, ruleset: RuleSet, month_costs: str | None) -> Worked:
    phased = phase_two(begun.source, begun.plan, ruleset, begun.first, month_costs)
    steps, said = pass_on(begun.source, ruleset, phased.costs)
    return Worked(begun.plan, phased, steps, (*phased.warnings, *said), begun.span)


def other_pools(connection: duckdb.DuckDBPyConnection, tables: DayTables, ruleset: RuleSet) -> Pools | None:
    """Return the pools of the month's other days; None where they are not known."""
    return None if tables.month_pools is None else pools_of_other_days(connection, tables.month_pools, ruleset)


def measured_span(
    connection: duckdb.DuckDBPyConnection, usage: str, ruleset: RuleSet, pools: Pools | None
) -> Span | None:
    """Put the usage at hand that the cells of the connection and the pools need; return its span."""
    metrics = metrics_of(ruleset)
    span = reached_by(span_of(connection, ruleset), pools or {}) if metrics else None
    take_span(connection, usage, span, metrics)
    return span


def metrics_of(ruleset: RuleSet) -> frozenset[str]:
    """Return every usage metric that a rule set weighs by."""
    metrics: set[str] = set()
    for outcome in (*(rule.outcome for rule in ruleset.rules), *(shared.split for shared in ruleset.shared)):
        if isinstance(outcome, UsageSplit):
            metrics |= {driver.metric for driver in outcome.drivers}
            metrics |= {CAPACITY, BUSY, LOW} if needs_capacity(outcome) else set()
        elif isinstance(outcome, Activity):
            metrics |= {rate.metric for rate in outcome.rates}
    return frozenset(metrics)
