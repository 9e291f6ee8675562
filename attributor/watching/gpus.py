"""GPU hours and what they cost, as the idle detector wants them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
from sqlalchemy import Engine, select

from alerts.detect.idle_gpu import GpuHour, GpuRate
from attributor.attributing.inputs import Inputs
from attributor.lake.lake import Lake
from attributor.lake.views import Pin, open_view
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, usage_rollup
from attributor.money import total
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from rules.outcomes import UsageSplit
from rules.ruleset import RuleSet
from rules.usage import resolve_usage

_HISTORY = timedelta(days=7)
_USAGE = "gpu_usage"
UTILIZATION, SAMPLES, HOURS, CAPACITY = "gpu.utilization", "gpu.samples", "gpu.hours", "gpu.capacity_hours"


def gpu_hours(
    lake: Lake, connection: duckdb.DuckDBPyConnection, inputs: Inputs, ruleset: RuleSet, now: datetime
) -> list[GpuHour]:
    """Return every GPU and hour of the last seven days that has a utilisation and someone who held it.

    Where a source says nothing of its samples, an hour that has a utilisation counts as fully measured.
    """
    first = (now - _HISTORY).date()
    pins = [Pin(source, day, found.version) for (source, day), found in inputs.usage.items() if day >= first]
    open_view(lake, connection, _USAGE, "usage", pins)
    resolved = resolve_usage(connection, _USAGE, ruleset, ("gpu", "node"))
    rows = connection.execute(
        f"""
        WITH gpu AS (
            SELECT coalesce(pool, '') AS pool, fact_gpu AS gpu, team,
                   fact_node AS node, epoch(hour)::BIGINT AS hour, metric, quantity
            FROM "{resolved}" WHERE metric IN (?, ?, ?)
        )
        SELECT pool, gpu, team, node, hour,
               max(quantity) FILTER (metric = ?) AS utilization,
               coalesce(max(quantity) FILTER (metric = ?), 1::DECIMAL(38, 12)) AS samples
        FROM gpu GROUP BY ALL
        HAVING utilization IS NOT NULL AND coalesce(sum(quantity) FILTER (metric = ?), 1::DECIMAL(38, 12)) > 0
        ORDER BY ALL
        """,  # noqa: S608 - the name is the engine's own
        [UTILIZATION, SAMPLES, HOURS, UTILIZATION, SAMPLES, HOURS],
    ).fetchall()
    return [
        GpuHour(pool, gpu, team, node, datetime.fromtimestamp(hour, UTC), utilization, samples)
        for pool, gpu, team, node, hour, utilization, samples in rows
    ]


def gpu_rates(engine: Engine, ruleset: RuleSet, now: datetime) -> Mapping[str, GpuRate]:
    """Return what a GPU hour of each pool cost over the last seven days.

    That is the effective cost which the rules split by the pool's GPU hours, over the hours that existed (capacity),
    or the hours held where no capacity is reported, of the days that have both: a bill is a day behind the usage.
    Pools without such days are absent.
    """
    first = (now - _HISTORY).date()
    hours = _hours_by_day(engine, first)
    costs = _costs_by_day(engine, _pools_by_rule(ruleset, {pool for pool, _ in hours}), first)
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for (pool, currency, day), cost in costs.items():
        if (pool, day) in hours:
            cost_so_far, hours_so_far = sums.get((pool, currency), (Decimal(0), Decimal(0)))
            sums[pool, currency] = (total((cost_so_far, cost)), total((hours_so_far, hours[pool, day])))
    return {
        pool: GpuRate((cost / of_pool).quantize(Decimal("1e-6")), currency)
        for (pool, currency), (cost, of_pool) in sorted(sums.items())
        if of_pool > 0 and cost > 0
    }


def _pools_by_rule(ruleset: RuleSet, known: AbstractSet[str]) -> dict[str, str]:
    """Return the rules that split by GPU hours, each with its pool: the only one there is where it names none."""
    only = next(iter(known)) if len(known) == 1 else ""
    splits = {rule.name: rule.outcome for rule in ruleset.rules if isinstance(rule.outcome, UsageSplit)}
    drivers = {name: split.drivers[0] for name, split in splits.items() if len(split.drivers) == 1}
    return {name: driver.pool or only for name, driver in drivers.items() if driver.metric == HOURS}


def _costs_by_day(engine: Engine, pools: Mapping[str, str], first: date) -> dict[tuple[str, str, date], Decimal]:
    """Return the cost by pool, currency and day."""
    keys = (rollup.c.rule, rollup.c.currency, rollup.c.day)
    of_pools = (rollup.c.day >= first) & rollup.c.rule.in_(list(pools)) & IS_OWN
    query = select(*keys, *cost_sums("effective")).where(of_pools)
    costs: dict[tuple[str, str, date], Decimal] = {}
    with engine.connect() as connection:
        for row in connection.execute(query.group_by(*keys)):
            key = (pools[row.rule], row.currency, row.day)
            costs[key] = total((costs.get(key, Decimal(0)), amounts(row, 3)[0]))
    return costs


def _hours_by_day(engine: Engine, first: date) -> dict[tuple[str, date], Decimal]:
    """Return the hours that existed by pool and day, or those held where none are said to exist."""
    keys = (usage_rollup.c.pool, usage_rollup.c.day, usage_rollup.c.metric)
    query = select(*keys, *money_sums(usage_rollup, "quantity")).where(
        usage_rollup.c.day >= first, usage_rollup.c.metric.in_([HOURS, CAPACITY])
    )
    found: dict[str, dict[tuple[str, date], Decimal]] = {HOURS: {}, CAPACITY: {}}
    with engine.connect() as connection:
        for row in connection.execute(query.group_by(*keys)):
            found[row.metric][row.pool, row.day] = joined(row[3], row[4])
    return found[HOURS] | {key: hours for key, hours in found[CAPACITY].items() if hours > 0}
