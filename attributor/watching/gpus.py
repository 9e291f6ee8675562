"""GPU hours and what they cost, as the idle detector wants them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
from sqlalchemy import Engine, select

from alerts.detect.idle_gpu import GpuHour, GpuRate
from attributor.attributing.inputs import Inputs
from attributor.lake.lake import Lake
from attributor.lake.views import Pin, open_view
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, usage_rollup
from attributor.reports.costs import amounts, cost_sums
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
    or the hours held where no capacity is reported. Pools without cost or hours are absent.
    """
    hours = _hours_by_pool(engine, now)
    costs = _costs_by_pool(engine, _pools_by_rule(ruleset, {pool for pool, _ in hours}), now)
    rates: dict[str, GpuRate] = {}
    for (pool, currency), cost in sorted(costs.items()):
        of_pool = hours.get((pool, CAPACITY)) or hours.get((pool, HOURS)) or Decimal(0)
        if of_pool > 0 and cost > 0:
            rates[pool] = GpuRate((cost / of_pool).quantize(Decimal("1e-6")), currency)
    return rates


def _pools_by_rule(ruleset: RuleSet, known: AbstractSet[str]) -> dict[str, str]:
    """Return the rules that split by GPU hours, each with its pool: the only one there is where it names none."""
    only = next(iter(known)) if len(known) == 1 else ""
    splits = {rule.name: rule.outcome for rule in ruleset.rules if isinstance(rule.outcome, UsageSplit)}
    return {name: split.pool or only for name, split in splits.items() if split.metric == HOURS}


def _costs_by_pool(engine: Engine, pools: Mapping[str, str], now: datetime) -> dict[tuple[str, str], Decimal]:
    recent = (rollup.c.day >= (now - _HISTORY).date()) & rollup.c.rule.in_(list(pools))
    keys = (rollup.c.rule, rollup.c.currency)
    costs: dict[tuple[str, str], Decimal] = {}
    with engine.connect() as connection:
        for row in connection.execute(select(*keys, *cost_sums("effective")).where(recent).group_by(*keys)):
            key = (pools[row.rule], row.currency)
            costs[key] = costs.get(key, Decimal(0)) + amounts(row, 2)[0]
    return costs


def _hours_by_pool(engine: Engine, now: datetime) -> dict[tuple[str, str], Decimal]:
    """Hours of the days that have costs too: a bill is a day behind the usage."""
    keys = (usage_rollup.c.pool, usage_rollup.c.metric)
    billed = select(rollup.c.day).distinct()
    recent = (usage_rollup.c.day >= (now - _HISTORY).date()) & usage_rollup.c.day.in_(billed)
    query = select(*keys, *money_sums(usage_rollup, "quantity")).where(
        recent, usage_rollup.c.metric.in_([HOURS, CAPACITY])
    )
    with engine.connect() as connection:
        return {(row[0], row[1]): joined(row[2], row[3]) for row in connection.execute(query.group_by(*keys))}
