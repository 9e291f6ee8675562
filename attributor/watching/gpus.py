"""GPU hours and what they cost, as the idle detector wants them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
from sqlalchemy import Engine, select

from alerts.detect.gpu_hours import GpuHour, GpuRate
from attributor.attributing.inputs import Inputs
from attributor.lake.lake import Lake
from attributor.lake.views import Pin, open_view
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, usage_rollup
from attributor.money import total
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.reports.gpu_pools import HOURS, pools_by_rule
from rules.outcomes import UsageSplit
from rules.ruleset import RuleSet
from rules.schema import IDLE
from rules.usage import resolve_usage

_HISTORY = timedelta(days=7)
_USAGE = "gpu_usage"
UTILIZATION, SAMPLES, CAPACITY = "gpu.utilization", "gpu.samples", "gpu.capacity_hours"
LOW, SATURATED = "gpu.low_stretch_hours", "gpu.saturated_stretch_hours"
_FACTS = ("gpu", "node", "namespace", "pod", "job")
_FREE = Decimal("0.1")
"""Less of a GPU than this is no free GPU but what lies between two pods."""


def gpu_hours(
    lake: Lake, connection: duckdb.DuckDBPyConnection, inputs: Inputs, ruleset: RuleSet, now: datetime
) -> list[GpuHour]:
    """Return every GPU and hour of the last seven days that has a utilisation and someone who held it.

    What of a GPU nobody held is an hour of the team that its rule gives it to, or of `idle`. Where a source says
    nothing of its samples, an hour that has a utilisation counts as fully measured.
    """
    first = (now - _HISTORY).date()
    pins = [Pin(source, day, found.version) for (source, day), found in inputs.usage.items() if day >= first]
    open_view(lake, connection, _USAGE, "usage", pins)
    resolved = resolve_usage(connection, _USAGE, ruleset, _FACTS)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE gpu_rows AS
        SELECT coalesce(pool, '') AS pool, fact_gpu AS gpu, split_part(fact_gpu, '/', 1) AS device, team,
               fact_node AS node, epoch(hour)::BIGINT AS hour, metric, quantity,
               concat_ws('/', nullif(fact_namespace, ''), nullif(fact_pod, ''), nullif(fact_job, '')) AS holder
        FROM "{resolved}" WHERE metric LIKE 'gpu.%'
        """  # noqa: S608 - the name is the engine's own
    )
    return [*_held(connection), *_free(connection, _free_owners(ruleset))]


def _held(connection: duckdb.DuckDBPyConnection) -> list[GpuHour]:
    rows = connection.execute(
        """
        SELECT r.pool, r.gpu, r.team, r.node, r.hour,
               max(r.quantity) FILTER (r.metric = $utilization) AS utilization,
               coalesce(max(r.quantity) FILTER (r.metric = $samples), 1::DECIMAL(38, 12)) AS samples,
               coalesce(sum(r.quantity) FILTER (r.metric = $hours), 1::DECIMAL(38, 12)) AS held,
               r.holder,
               max(r.quantity) FILTER (r.metric = $low), max(r.quantity) FILTER (r.metric = $saturated),
               coalesce(any_value(c.quantity), 1::DECIMAL(38, 12))
        FROM gpu_rows r LEFT JOIN gpu_rows c
          ON c.metric = $capacity AND c.gpu <> '' AND c.pool = r.pool AND c.gpu = r.device AND c.hour = r.hour
        WHERE r.metric <> $capacity
        GROUP BY r.pool, r.gpu, r.team, r.node, r.hour, r.holder
        HAVING utilization IS NOT NULL AND held > 0
        ORDER BY ALL
        """,
        {
            "utilization": UTILIZATION,
            "samples": SAMPLES,
            "hours": HOURS,
            "low": LOW,
            "saturated": SATURATED,
            "capacity": CAPACITY,
        },
    ).fetchall()
    return [
        GpuHour(
            *(pool, gpu, team, node, _instant(hour), utilization, samples, held, holder),
            low_stretch=low,
            saturated_stretch=saturated,
            seen=seen,
        )
        for pool, gpu, team, node, hour, utilization, samples, held, holder, low, saturated, seen in rows
    ]


def _free(connection: duckdb.DuckDBPyConnection, owners: Mapping[str, str]) -> list[GpuHour]:
    """Return what nobody held of each GPU whose capacity is told, with what was measured of it meanwhile."""
    rows = connection.execute(
        """
        SELECT pool, device, hour, any_value(node) FILTER (node <> ''),
               max(quantity) FILTER (metric = $capacity) AS seen,
               seen - coalesce(sum(quantity) FILTER (metric = $hours), 0::DECIMAL(38, 12)) AS free,
               coalesce(max(quantity) FILTER (metric = $utilization AND holder = ''), 0::DECIMAL(38, 12))
        FROM gpu_rows WHERE device <> '' GROUP BY pool, device, hour HAVING free >= $least ORDER BY ALL
        """,
        {"capacity": CAPACITY, "hours": HOURS, "utilization": UTILIZATION, "least": _FREE},
    ).fetchall()
    return [
        GpuHour(
            *(pool, device, owners.get(pool, IDLE), node or "", _instant(hour), utilization, seen, free),
            allocated=False,
        )
        for pool, device, hour, node, seen, free, utilization in rows
    ]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _free_owners(ruleset: RuleSet) -> dict[str, str]:
    """Return who bears what nobody held, by pool, as the rules say it."""
    splits = [rule.outcome for rule in ruleset.rules if isinstance(rule.outcome, UsageSplit)]
    return {split.drivers[0].pool: split.unallocated for split in splits if split.unallocated and split.drivers[0].pool}


def gpu_rates(engine: Engine, ruleset: RuleSet, now: datetime) -> Mapping[str, GpuRate]:
    """Return what a GPU hour of each pool cost over the last seven days.

    That is the effective cost which the rules split by the pool's GPU hours, over the hours that existed (capacity),
    or the hours held where no capacity is reported, of the days that have both: a bill is a day behind the usage.
    Pools without such days are absent.
    """
    first = (now - _HISTORY).date()
    hours = _hours_by_day(engine, first)
    costs = _costs_by_day(engine, pools_by_rule(ruleset.rules, {pool for pool, _ in hours}), first)
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
