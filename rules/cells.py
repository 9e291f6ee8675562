"""Charges to cells: collapse by what rules and reports look at, decide each group once, collapse again.

A group is the charges that agree in everything rules see; a cell, the groups that one rule treats alike.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import duckdb

from rules.columns import TAG_PREFIX
from rules.decide import Facts, decide
from rules.facts import charge_fact, columns_asked_for, columns_in, dimension, followed_columns
from rules.judged import Judged
from rules.outcomes import Activity, CostSplit, FixedSplit, Follow, MappingOwner, Outcome, Owner, Per, UsageSplit
from rules.ruleset import RuleSet
from rules.schema import COST_COLUMNS, DIMENSION_COLUMNS, OWNER_COLUMNS
from rules.sql import HOURS_PER_DAY, day_of, hours_of, identifier, units_of

GROUPS = "attribution_groups"
DECISIONS = "attribution_decisions"
CELLS = "attribution_cells"

UNUSED = "unused"
"""Column of groups and cells, where commitments are told apart: whether the charge is a commitment's unused part."""
TAGS = "tags"
"""Column of groups and cells, where tags are required: a 1 or 0 for each of them in order, whether it is there."""

COUNT = "charge_count"
"""Column of groups and cells of charges that were not collapsed before: how many charges they are of."""

_PERIODS: tuple[Per, ...] = ("hour", "day", "month")


@dataclass(frozen=True)
class Charges:
    """A table of charges: with answers in the place of some columns, and collapsed already where it says so.

    What is collapsed has its costs in units, as DECIMAL(38,0).
    """

    table: str
    judged: tuple[Judged, ...] = ()
    collapsed: bool = False


@dataclass(frozen=True)
class Plan:
    """How the charges of a rule set are read: SQL by column name, for what rules see and for what is followed."""

    facts: tuple[tuple[str, str], ...]
    dimensions: tuple[tuple[str, str], ...]
    followed: tuple[tuple[str, str], ...]
    finest: Per | None
    """The finest bucket that any rule needs; None where no rule measures usage."""
    judged: tuple[Judged, ...] = ()
    """The columns of which the charges have the answers to the rules' tests, and not the value."""
    marks: tuple[tuple[str, str], ...] = ()
    """What else tells charges apart, UNUSED and TAGS where they are needed: SQL by the groups' column."""
    counts: bool = False
    """Whether groups and cells know how many charges they are of, in the column COUNT."""

    @property
    def tells_unused(self) -> bool:
        """Whether the charges say what of a commitment was not used."""
        return UNUSED in dict(self.marks)

    @property
    def columns(self) -> dict[str, str]:
        """The groups' column of every column that rules name."""
        return {name: f"c{index}" for index, (name, _) in enumerate(self.facts)}


def plan_of(connection: duckdb.DuckDBPyConnection, charges: Charges, ruleset: RuleSet) -> Plan:
    """Return how to read a table of charges for a rule set."""
    available = columns_in(connection, charges.table)
    sources = dict(ruleset.dimensions) or {name: name for name in DIMENSION_COLUMNS}
    asked_for = {*columns_asked_for(ruleset.rules), *(column for _, column in ruleset.more_dimensions)}
    asked_for -= {one.column for one in charges.judged}
    return Plan(
        facts=tuple((name, charge_fact(name, available)) for name in sorted(asked_for)),
        dimensions=tuple((name, dimension(sources.get(name, name), available)) for name in DIMENSION_COLUMNS),
        followed=tuple((name, charge_fact(name, available)) for name in followed_columns(ruleset)),
        finest=finest_bucket(ruleset),
        judged=charges.judged,
        marks=tuple(_marks(available, ruleset)),
        counts=not charges.collapsed,
    )


def _marks(available: Collection[str], ruleset: RuleSet) -> Iterator[tuple[str, str]]:
    if "CommitmentDiscountStatus" in available:
        yield UNUSED, "coalesce(\"CommitmentDiscountStatus\" = 'Unused', FALSE)"
    if ruleset.required_tags:
        present = (charge_fact(f"{TAG_PREFIX}{key}", available) for key in ruleset.required_tags)
        yield TAGS, " || ".join(f"CASE WHEN {tag} IS NULL THEN '0' ELSE '1' END" for tag in present)


def measured_per(outcome: Outcome) -> Per | None:
    """Return the bucket of usage that an outcome needs, or None where it measures none."""
    return outcome.per if isinstance(outcome, UsageSplit | Activity) else None


def method_of(outcome: Outcome) -> str:
    """Return the allocations' word for what an outcome does."""
    if isinstance(outcome, FixedSplit):
        return outcome.method
    methods: dict[type[Outcome], str] = {
        Owner: "direct",
        MappingOwner: "direct",
        UsageSplit: "usage",
        CostSplit: "cost",
        Activity: "activity",
        Follow: "follow",
    }
    return methods[type(outcome)]


def group_charges(connection: duckdb.DuckDBPyConnection, charges: Charges, plan: Plan) -> None:
    """Create the groups: id, the keys that every charge has, c0… d0… b0… f0…, and the sums in units."""
    added, grouped_by = ("{}", "") if charges.collapsed else ("sum({})", " GROUP BY ALL")
    sums = ", ".join(f"{added.format(identifier(column))} AS {column}" for column in COST_COLUMNS)
    sums += f", count(*) AS {COUNT}" if plan.counts else ""
    in_units = "CAST({} AS HUGEINT)".format if charges.collapsed else units_of
    units = ", ".join(f"{in_units(f's.{column}')} AS {column}" for column in COST_COLUMNS)
    keys = ", ".join(group_keys(plan))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {GROUPS} AS SELECT row_number() OVER () AS id,"
        f" s.* EXCLUDE ({', '.join(COST_COLUMNS)}), {units}"
        f" FROM (SELECT {keys}, {sums} FROM {identifier(charges.table)}{grouped_by}) s"
    )


def group_keys(plan: Plan) -> list[str]:
    """Return the expressions, with their names, in which the charges of a group agree."""
    start = hours_of('"ChargePeriodStart"')
    end = f'greatest(CAST(ceil(epoch_us("ChargePeriodEnd") / 3600000000.0) AS BIGINT), {start} + 1)'
    fixed = {
        "source": "coalesce(\"x_Source\", '')",
        "day": day_of('"ChargePeriodStart"'),
        "currency": '"BillingCurrency"',
        "billing_period": '"BillingPeriodStart"',
        "basis": "coalesce(\"x_Basis\", '')",
        "start_hour": bucket_start(start, plan.finest) if plan.finest else "CAST(NULL AS BIGINT)",
        "end_hour": bucket_end(end, plan.finest) if plan.finest else "CAST(NULL AS BIGINT)",
    }
    named = {f"c{index}": expression for index, (_, expression) in enumerate(plan.facts)}
    named |= {f"d{index}": expression for index, (_, expression) in enumerate(plan.dimensions)}
    named |= {word: word for column in plan.judged for word in column.words}
    named |= {f"f{index}": expression for index, (_, expression) in enumerate(plan.followed)}
    return [f"{expression} AS {name}" for name, expression in (fixed | named | dict(plan.marks)).items()]


def bucket_start(hour: str, per: Per) -> str:
    """Return the hour at which the bucket of an hour begins."""
    if per == "hour":
        return hour
    if per == "day":
        return f"({hour} // {HOURS_PER_DAY} * {HOURS_PER_DAY})"
    month = f"date_trunc('month', make_timestamp(({hour}) * 3600000000))"
    return f"(epoch_us({month}) // 3600000000)"


def bucket_end(hour: str, per: Per) -> str:
    """Return the hour at which the bucket of the hours before an exclusive end itself ends."""
    if per == "hour":
        return hour
    if per == "day":
        return f"((({hour}) - 1) // {HOURS_PER_DAY} * {HOURS_PER_DAY} + {HOURS_PER_DAY})"
    month = f"date_trunc('month', make_timestamp((({hour}) - 1) * 3600000000)) + INTERVAL 1 MONTH"
    return f"(epoch_us({month}) // 3600000000)"


def decide_groups(connection: duckdb.DuckDBPyConnection, charges: Charges, ruleset: RuleSet) -> Plan:
    """Create the groups of the charges and the decisions on them; return the plan they were made by."""
    plan = plan_of(connection, charges, ruleset)
    group_charges(connection, charges, plan)
    if charges.collapsed:
        connection.unregister(charges.table)  # they are not looked at again, and many
    decide(connection, facts_of_groups(plan, ruleset), ruleset.rules, ruleset.teams, DECISIONS)
    return plan


def facts_of_groups(plan: Plan, ruleset: RuleSet) -> Facts:
    """Return what rules see of the groups."""
    answers = {test: answer for column in plan.judged for test, answer in column.answers()}
    return Facts(GROUPS, plan.columns, ruleset.more_dimensions, answers)


def make_cells(connection: duckdb.DuckDBPyConnection, charges: Charges, ruleset: RuleSet) -> Plan:
    """Create groups, decisions and cells of the charges; return the plan they were made by.

    A cell: cell (from 1, in an order that its keys alone decide), split (NULL for direct rows), keys, costs in units.
    """
    plan = decide_groups(connection, charges, ruleset)
    keys = cell_keys(plan)
    splitting = [index for index, rule in enumerate(ruleset.rules) if method_of(rule.outcome) != "direct"]
    counted = f", CAST(sum({COUNT}) AS BIGINT) AS {COUNT}" if plan.counts else ""
    alike = ["rule", "window_start", "window_end", "day", "currency", *(f"f{i}" for i in range(len(plan.followed)))]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {CELLS} AS"
        f" SELECT row_number() OVER (ORDER BY {', '.join(keys)}) AS cell,"
        f" CASE WHEN {_among('rule', splitting)} THEN dense_rank() OVER (ORDER BY {', '.join(alike)}) END AS split,"
        f" * FROM (SELECT {', '.join(keys)}, sum(BilledCost) AS billed,"
        f" sum(EffectiveCost) AS effective, sum(ListCost) AS list{counted} FROM ({grouped(ruleset)}) GROUP BY ALL)"
    )
    return plan


def cell_keys(plan: Plan) -> list[str]:
    """Return the columns in which the groups of a cell agree."""
    dimensions = [f"d{index}" for index in range(len(plan.dimensions))]
    followed = [f"f{index}" for index in range(len(plan.followed))]
    keys = ["source", "day", "currency", "billing_period", "rule", *OWNER_COLUMNS, *dimensions]
    marks = [name for name, _ in plan.marks]
    return [*keys, "window_start", "window_end", "basis", *followed, "dimensions", *marks]


def grouped(ruleset: RuleSet) -> str:
    """Return the groups with their rule, owner and window of usage, as a query."""
    starts, ends = [], []
    for per in _PERIODS:
        rules = [index for index, rule in enumerate(ruleset.rules) if measured_per(rule.outcome) == per]
        if rules:
            starts.append(f"WHEN {_among('rule', rules)} THEN {bucket_start('start_hour', per)}")
            ends.append(f"WHEN {_among('rule', rules)} THEN {bucket_end('end_hour', per)}")
    start, end = (f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS BIGINT)" for whens in (starts, ends))
    return f"SELECT *, {start} AS window_start, {end} AS window_end FROM {GROUPS} JOIN {DECISIONS} USING (id)"


def _among(column: str, numbers: list[int]) -> str:
    return f"{column} IN ({', '.join(map(str, numbers))})" if numbers else "FALSE"


def finest_bucket(ruleset: RuleSet) -> Per | None:
    """Return the finest bucket that any rule needs; None where no rule measures usage."""
    needed = {measured_per(rule.outcome) for rule in ruleset.rules}
    return next((per for per in _PERIODS if per in needed), None)
