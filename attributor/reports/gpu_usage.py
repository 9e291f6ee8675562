"""GPU hours as the ledger has them: by pool and team, by job, and hour by hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, and_, select, true

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import usage_by_fact, usage_hours, usage_rollup
from attributor.money import from_units, to_units
from attributor.periods import Period
from attributor.reports.gpu_pools import HOURS
from attributor.reports.lines import ratio

CAPACITY, BUSY, LOW = "gpu.capacity_hours", "gpu.busy_hours", "gpu.low_hours"
_METRICS = (CAPACITY, HOURS, BUSY, LOW)
_JOBS = 50

GpuUse = Mapping[str, Decimal]
"""Hours by metric."""


@dataclass(frozen=True)
class JobUse:
    """The GPU hours of one job (or namespace) of a team in a pool; `idle_hours` it held without computing."""

    job: str
    team: str
    pool: str
    held_hours: Decimal
    busy_hours: Decimal
    idle_hours: Decimal
    busy_share: Decimal | None


@dataclass(frozen=True)
class GpuHour:
    """One hour of a UTC day, 0 to 23: GPU hours that were there (None where not told), held, and computing."""

    day: date
    hour: int
    capacity: Decimal | None
    held: Decimal
    busy: Decimal
    busy_share: Decimal | None


def gpu_use(
    connection: Connection, period: Period, kept: ColumnElement[bool]
) -> dict[tuple[str, str], dict[str, Decimal]]:
    """Return GPU hours of the kept rows by (pool, team); what no team is told of, as capacity, is of team ""."""
    table = usage_rollup.c
    keys = (table.pool, table.team, table.metric)
    query = select(*keys, *money_sums(usage_rollup, "quantity")).where(
        table.day >= period.first, table.day < period.end, table.metric.in_(_METRICS), kept
    )
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    for pool, team, metric, millionths, rest in connection.execute(query.group_by(*keys)):
        of_team = found.setdefault((pool, "" if metric == CAPACITY else team), {})
        of_team[metric] = _added(of_team.get(metric), joined(millionths, rest))
    return found


def job_use(connection: Connection, period: Period, kept: ColumnElement[bool]) -> tuple[JobUse, ...]:
    """Return the jobs of the kept rows that held most without computing, at most fifty."""
    table = usage_by_fact.c
    keys = (table.value, table.team, table.pool, table.metric)
    query = select(*keys, *money_sums(usage_by_fact, "quantity")).where(
        table.day >= period.first, table.day < period.end, table.fact == "job", kept
    )
    found: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    for *key, metric, millionths, rest in connection.execute(query.group_by(*keys)):
        found.setdefault((key[0], key[1], key[2]), {})[metric] = joined(millionths, rest)
    jobs = [_job(*key, use.get(HOURS, Decimal(0)), use[BUSY]) for key, use in found.items() if BUSY in use]
    return tuple(sorted(jobs, key=lambda job: (job.idle_hours.copy_negate(), job.job, job.team, job.pool))[:_JOBS])


def gpu_hours(connection: Connection, period: Period, kept: ColumnElement[bool] | None) -> tuple[GpuHour, ...]:
    """Return the period hour by hour, over all pools: of the kept teams, or of all together where None is given.

    Whoever may not read of all teams is told what theirs had.
    """
    team = usage_hours.c.team
    whole = () if kept is not None else _hours(connection, period, team == "")
    return whole or _hours(connection, period, and_(team != "", true() if kept is None else kept))


def _hours(connection: Connection, period: Period, keep: ColumnElement[bool]) -> tuple[GpuHour, ...]:
    table = usage_hours.c
    keys = (table.day, table.hour, table.metric)
    of_period = (table.day >= period.first) & (table.day < period.end)
    query = select(*keys, *money_sums(usage_hours, "quantity")).where(of_period, keep)
    found: dict[tuple[date, int], dict[str, Decimal]] = {}
    for day, hour, metric, millionths, rest in connection.execute(query.group_by(*keys)):
        found.setdefault((day, hour), {})[metric] = joined(millionths, rest)
    return tuple(_hour(day, hour, found[day, hour]) for day, hour in sorted(found))


def _job(job: str, team: str, pool: str, held: Decimal, busy: Decimal) -> JobUse:
    idle = from_units(max(to_units(held) - to_units(busy), 0))
    return JobUse(job, team, pool, held, busy, idle, ratio(busy, held))


def _hour(day: date, hour: int, use: GpuUse) -> GpuHour:
    capacity, held, busy = use.get(CAPACITY), use.get(HOURS, Decimal(0)), use.get(BUSY, Decimal(0))
    return GpuHour(day, hour, capacity, held, busy, ratio(busy, capacity or held))


def _added(left: Decimal | None, right: Decimal) -> Decimal:
    return right if left is None else from_units(to_units(left) + to_units(right))
