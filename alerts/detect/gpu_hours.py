"""The nouns of idle GPUs: an hour of a GPU, what it costs, when it counts as idle, low or saturated."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

HOUR = timedelta(hours=1)
Condition = Literal["idle", "low", "saturated"]


@dataclass(frozen=True)
class GpuHour:
    """One GPU (or MIG instance) that one team held for one hour, or a GPU that nobody held.

    `hour` is the aware UTC start. `utilization` is the mean in percent over the samples that exist; `samples_present`
    is their share of those expected, 0 to 1. `node` may be empty. `held` is in GPU hours: less than 1 for a part of a
    GPU, or of the hour. `seen` is the part of the hour in which the GPU was there at all. `holder` says who held it as
    the source does ("namespace/pod"); where `allocated` is false nobody did, and `held` is what was free. The stretches
    are the longest parts of the hour, in hours, in which the GPU was little used or used to its limit; None where the
    source does not look that closely, or there was none.
    """

    pool: str
    gpu: str
    team: str
    node: str
    hour: datetime
    utilization: Decimal
    samples_present: Decimal
    held: Decimal = Decimal(1)
    holder: str = ""
    allocated: bool = True
    low_stretch: Decimal | None = None
    saturated_stretch: Decimal | None = None
    seen: Decimal = Decimal(1)

    @property
    def end(self) -> datetime:
        """The end of the hour."""
        return self.hour + HOUR


@dataclass(frozen=True)
class GpuRate:
    """What one GPU of a pool costs an hour."""

    per_hour: Decimal
    currency: str


@dataclass(frozen=True)
class IdlePolicy:
    """When a GPU is idle. `below` is in percent; money limits are in the rate's currency, so far or per day.

    It is idle when every hour of `window` is below, low or saturated when its newest hour has a stretch of `low_for`
    or `saturated_for`; None looks for no such. A pool whose newest hour is older than `stale_after` is undecided: what
    stands there now is not known.
    """

    below: Decimal = Decimal(10)
    window: timedelta = timedelta(hours=2)
    coverage: Decimal = Decimal("0.9")
    stale_after: timedelta = timedelta(days=2)
    warning_from: Decimal = Decimal(20)
    critical_from: Decimal = Decimal(500)
    low_for: timedelta | None = timedelta(minutes=30)
    saturated_for: timedelta | None = timedelta(minutes=10)

    @property
    def hours(self) -> int:
        """How many whole hours the window reaches into, at least one."""
        return max(1, -(-self.window // HOUR))


@dataclass(frozen=True)
class Streak:
    """A GPU whose condition holds now: its hours without a gap, the oldest first."""

    condition: Condition
    hours: tuple[GpuHour, ...]

    @property
    def newest(self) -> GpuHour:
        """The last hour of the streak."""
        return self.hours[-1]
