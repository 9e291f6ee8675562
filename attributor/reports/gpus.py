"""The GPU report: the fleet by pool, what of it computed, what stood idle and why, and who let it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import Engine

from attributor.ledger.tables import usage_by_fact, usage_hours
from attributor.money import total
from attributor.reports.gpu_lines import Fleet, GpuPool, GpuReport, GpuTeam
from attributor.reports.gpu_pools import HOURS
from attributor.reports.gpu_sums import GpuSums, gpu_sums
from attributor.reports.gpu_usage import BUSY, CAPACITY, LOW, gpu_hours, job_use
from attributor.reports.grouping import grouping
from attributor.reports.lines import ratio
from attributor.reports.narrowing import kept_usage
from attributor.reports.owners import shown_name
from attributor.reports.view import View, frame
from rules.ruleset import Rule, Team

_NOTHING = Decimal(0)


def gpu_report(engine: Engine, teams: Mapping[str, Team], rules: Sequence[Rule], view: View) -> GpuReport:
    """Read the GPU report; `rules` say which cost is that of which pool. Seven aggregates, nine where it is grouped.

    Hours are known of teams alone: a view that is kept to anything else has no pools. What an hour costs is told of the
    days that every source has told of: a bill is a day behind the usage.
    """
    with engine.connect() as connection:
        seen = frame(connection, view)
        found = gpu_sums(connection, seen, rules, view.period)
        whole = gpu_sums(connection, seen, rules, seen.whole_days)
        of_jobs, of_hours = (kept_usage(table, view.filters) for table in (usage_by_fact, usage_hours))
        return GpuReport(
            heading=seen.heading,
            fleet=_fleet(found, whole) if found.pools else None,
            pools=_pools(found, whole),
            teams=_teams(teams, found, whole),
            jobs=() if of_jobs is None else job_use(connection, view.period, of_jobs),
            hours=() if of_hours is None else gpu_hours(connection, view.period, of_hours if view.filters else None),
            grouping=grouping(connection, seen, found.is_theirs),
        )


def _fleet(found: GpuSums, whole: GpuSums) -> Fleet:
    capacity, held, busy = (found.hours(metric) for metric in (CAPACITY, HOURS, BUSY))
    told = all(found.hours(CAPACITY, pool) is not None for pool in found.pools)
    cost, idle = found.cost(), found.idle()
    idle_cost = total(each.cost for each in idle)
    return Fleet(
        capacity_hours=capacity if told else None,
        held_hours=held or _NOTHING,
        busy_hours=busy or _NOTHING,
        cost=cost or _NOTHING,
        idle_cost=idle_cost,
        held_share=ratio(held, capacity) if told and held is not None and capacity else None,
        busy_share=_share(busy, held),
        idle_share=ratio(idle_cost, cost or _NOTHING),
        idle=idle,
        cost_per_held_hour=whole.per_hour(HOURS),
        cost_per_useful_hour=whole.per_hour(BUSY),
    )


def _pools(found: GpuSums, whole: GpuSums) -> tuple[GpuPool, ...]:
    lines = [_pool(pool, found, whole) for pool in found.pools]
    return tuple(sorted(lines, key=lambda line: (line.idle_cost.copy_negate(), line.pool)))


def _pool(pool: str, found: GpuSums, whole: GpuSums) -> GpuPool:
    held, busy, idle = found.hours(HOURS, pool), found.hours(BUSY, pool), found.idle(pool)
    return GpuPool(
        pool=pool,
        capacity_hours=found.hours(CAPACITY, pool),
        held_hours=held or _NOTHING,
        busy_hours=busy,
        low_hours=found.hours(LOW, pool),
        busy_share=_share(busy, held),
        cost=found.cost(pool),
        idle_cost=total(each.cost for each in idle),
        idle=idle,
        cost_per_held_hour=whole.per_hour(HOURS, pool),
        cost_per_useful_hour=whole.per_hour(BUSY, pool),
    )


def _teams(teams: Mapping[str, Team], found: GpuSums, whole: GpuSums) -> tuple[GpuTeam, ...]:
    lines = [_team(teams, pool, team, found, whole) for pool, team in found.holders]
    kept = [line for line in lines if line.held_hours or line.cost]
    return tuple(sorted(kept, key=lambda line: (line.idle_cost.copy_negate(), line.team, line.pool)))


def _team(teams: Mapping[str, Team], pool: str, team: str, found: GpuSums, whole: GpuSums) -> GpuTeam:
    held, busy = found.hours(HOURS, pool, team), found.hours(BUSY, pool, team)
    return GpuTeam(
        team=team,
        name=shown_name(teams, team),
        pool=pool,
        held_hours=held or _NOTHING,
        busy_hours=busy,
        busy_share=_share(busy, held),
        cost=found.cost(pool, team),
        idle_cost=total(each.cost for each in found.idle(pool, team)),
        cost_per_useful_hour=whole.per_hour(BUSY, pool, team),
    )


def _share(busy: Decimal | None, held: Decimal | None) -> Decimal | None:
    return None if busy is None or held is None else ratio(busy, held)
