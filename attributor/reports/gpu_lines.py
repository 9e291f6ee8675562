"""What the GPU report is made of."""

from dataclasses import dataclass
from decimal import Decimal

from attributor.reports.gpu_usage import GpuHour, JobUse
from attributor.reports.grouping import Grouping
from attributor.reports.view import Heading


@dataclass(frozen=True)
class IdleCause:
    """What capacity cost that was paid for and did not compute: unallocated, held or low."""

    cause: str
    cost: Decimal


@dataclass(frozen=True)
class GpuPool:
    """One pool: GPU hours that were there, held and computing, and what they cost.

    `capacity_hours`, `busy_hours` and `low_hours` are None where no source tells them. `cost` is what the rules split
    by the pool's GPU hours, None where none does; of it `idle` is what did not compute, by cause. `cost_per_held_hour`
    and `cost_per_useful_hour` are `cost` over the hours held and computing, to six decimals.
    """

    pool: str
    capacity_hours: Decimal | None
    held_hours: Decimal
    busy_hours: Decimal | None
    low_hours: Decimal | None
    busy_share: Decimal | None
    cost: Decimal | None
    idle_cost: Decimal
    idle: tuple[IdleCause, ...]
    cost_per_held_hour: Decimal | None
    cost_per_useful_hour: Decimal | None


@dataclass(frozen=True)
class GpuTeam:
    """What one team held in one pool, and what of its cost did not compute; as in `GpuPool`."""

    team: str
    name: str
    pool: str
    held_hours: Decimal
    busy_hours: Decimal | None
    busy_share: Decimal | None
    cost: Decimal | None
    idle_cost: Decimal
    cost_per_useful_hour: Decimal | None


@dataclass(frozen=True)
class Fleet:
    """All pools together; as in `GpuPool`. `held_share` is of what was there, `idle_share` of the cost."""

    capacity_hours: Decimal | None
    held_hours: Decimal
    busy_hours: Decimal
    cost: Decimal
    idle_cost: Decimal
    held_share: Decimal | None
    busy_share: Decimal | None
    idle_share: Decimal | None
    idle: tuple[IdleCause, ...]
    cost_per_held_hour: Decimal | None
    cost_per_useful_hour: Decimal | None


@dataclass(frozen=True)
class GpuReport:
    """GPUs in a period, in one currency and basis; `fleet` is None where no source tells of any.

    `pools`, `teams` and `jobs` begin with the worst: with what cost most without computing, and the jobs with the most
    hours that they held and did not compute. `hours` are those of the period that any source tells, oldest first.
    `grouping` sums to the fleet's cost; None where the view names no group.
    """

    heading: Heading
    fleet: Fleet | None
    pools: tuple[GpuPool, ...]
    teams: tuple[GpuTeam, ...]
    jobs: tuple[JobUse, ...]
    hours: tuple[GpuHour, ...]
    grouping: Grouping | None
