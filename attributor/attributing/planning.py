"""Published days attributed by rules that are not in use: what of each day would move, with nothing written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
from sqlalchemy import Engine, select

from attributor.attributing.attributed import begin_day, finish_attribution
from attributor.attributing.days import DayReading, open_usage, usage_for
from attributor.attributing.inputs import Inputs, has_other_rules, read_inputs
from attributor.attributing.months import whole_month
from attributor.attributing.replaying import Archive, Published, as_published, restored
from attributor.attributing.rollups import rollup_rows
from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup
from attributor.periods import Month, month_of
from rules.daily.digest import daily
from rules.ruleset import RuleSet

CHARGED = ("source", "billing_month", "currency", "basis", "service", "provider", "account", "category", "model")
"""What charges agree in that are compared with each other; the first words of a change's `charged`."""
OWNED = ("team", "project", "environment", "cost_center", "dimensions")
"""Whose a cost is; `dimensions` is the JSON of those of the user's own naming."""
COSTS = ("billed", "effective", "list")
_BEFORE, _AFTER = "planned_before", "planned_after"
_MONEY = pa.decimal128(38, 12)


@dataclass(frozen=True)
class Change:
    """What a rule gives an owner of some charges more than before, in every cost column; negative where less."""

    charged: tuple[str, ...]
    owner: tuple[str, ...]
    rule: str
    costs: Mapping[str, Decimal]


@dataclass(frozen=True)
class PlannedDay:
    """One published UTC day. Its changes sum to 0 in every currency and cost column; rows that stay are left out."""

    day: date
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]


def days_by_other_rules(published: Published, ruleset: RuleSet) -> list[date]:
    """Return the days with charges of which the rules say something else than those published by, the oldest first."""
    rules = daily(ruleset)
    return sorted(
        {
            day
            for (_, day), found in published.items()
            if found.source.charges_version >= 0 and has_other_rules(found, rules)
        }
    )


def days_changed_since(engine: Engine, published: Published, month: Month) -> list[date]:
    """Return the days of a month whose charges were collected anew, or for the first time, and not yet published."""
    collected = {key: found.version for key, found in read_inputs(engine).charges.items() if month_of(key[1]) == month}
    there = {key: found.source.charges_version for key, found in published.items() if found.source.charges_version >= 0}
    return sorted({day for (_, day), _ in collected.items() ^ there.items()})


def rules_in_use(engine: Engine, published: Published) -> list[RuleSet]:
    """Return the distinct rule sets that published days were attributed by."""
    digests = sorted({found.rules_digest for found in published.values()})
    return [restored(engine, digest) for digest in digests]


def plan_days(
    archive: Archive, published: Published, ruleset: RuleSet, month: Month, days: Sequence[date]
) -> Iterator[PlannedDay]:
    """Attribute published days of a month by other rules, from the versions that are published; yield what changes.

    `published` holds the whole month. Usage that the published rules did not read is taken as it is collected now.
    """
    if not days:
        return
    lake = replace(archive.lake, known={})
    reading = DayReading(lake, archive.connection, ruleset, planning_inputs(archive.engine, published))
    whole, usage = whole_month(reading, open_usage(reading, usage_for(reading, days)), month)
    for day in days:
        begun = begin_day(reading, usage, day, whole.pools)
        usage, attribution = begun.usage, finish_attribution(begun, whole.costs)
        after = rollup_rows(archive.connection, attribution.allocations)
        before = _published_rows(archive.engine, day)
        yield PlannedDay(day, _changes(archive.connection, before, after), attribution.warnings)


def planning_inputs(engine: Engine, published: Published) -> Inputs:
    """Return the charges as published, and all usage: at the published versions, else as collected."""
    pinned = as_published(engine, published)
    return replace(pinned, usage={**read_inputs(engine).usage, **pinned.usage})


def _published_rows(engine: Engine, day: date) -> pa.Table:
    columns = [rollup.c[name] for name in (*CHARGED, *OWNED, "rule")]
    amounts = [rollup.c[f"{cost}_{part}"] for cost in COSTS for part in ("millionths", "rest")]
    with engine.connect() as connection:
        rows = connection.execute(select(*columns, *amounts).where(rollup.c.day == day, rollup.c.corrects == "")).all()
    texts = {column.name: pa.array([row[at] for row in rows], pa.string()) for at, column in enumerate(columns)}
    first = len(columns)
    costs = {
        cost: pa.array([joined(row[first + 2 * at], row[first + 2 * at + 1]) for row in rows], _MONEY)
        for at, cost in enumerate(COSTS)
    }
    return pa.table({**texts, **costs})


def _changes(connection: duckdb.DuckDBPyConnection, before: pa.Table, after: pa.Table) -> tuple[Change, ...]:
    keys = ", ".join((*CHARGED, *OWNED, "rule"))
    less, more = (", ".join(f"{sign}{cost} AS {cost}" for cost in COSTS) for sign in ("-", ""))
    sums = ", ".join(f"CAST(sum({cost}) AS DECIMAL(38,12)) AS {cost}" for cost in COSTS)
    connection.register(_BEFORE, before)
    connection.register(_AFTER, after)
    try:
        rows = connection.execute(
            f"SELECT {keys}, {sums} FROM (SELECT {keys}, {less} FROM {_BEFORE}"  # noqa: S608 - constants of this module
            f" UNION ALL SELECT {keys}, {more} FROM {_AFTER})"
            f" GROUP BY ALL HAVING {' OR '.join(f'sum({cost}) <> 0' for cost in COSTS)} ORDER BY ALL"
        ).fetchall()
    finally:
        connection.unregister(_BEFORE)
        connection.unregister(_AFTER)
    owner, rule = len(CHARGED), len(CHARGED) + len(OWNED)
    return tuple(
        Change(row[:owner], row[owner:rule], row[rule], dict(zip(COSTS, row[rule + 1 :], strict=True))) for row in rows
    )
