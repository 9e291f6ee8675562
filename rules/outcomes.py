"""The nouns of outcomes: what happens to the charges that a rule claims."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Per = Literal["hour", "day", "month"]
Days = tuple[date | None, date | None]
"""UTC days [start, end); None is open."""

HOLDER = "holder"
SPREAD = "spread"


@dataclass(frozen=True)
class Owner:
    """Direct: the owner is a fixed `team`, or the team that `team_column` names; the rest come from columns.

    `dimension_columns` are the configured dimensions that the rule takes from elsewhere, with the column.
    """

    team: str = ""
    team_column: str = ""
    project_column: str = ""
    environment_column: str = ""
    cost_center_column: str = ""
    dimension_columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class MappedOwner:
    """One line of a mapping table: whose the value is."""

    team: str
    project: str = ""
    environment: str = ""
    cost_center: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class MappingOwner:
    """Direct: the owner stands in a table, by the value of `column`."""

    file: str
    column: str
    owners: tuple[tuple[str, MappedOwner], ...]


@dataclass(frozen=True)
class FixedSplit:
    """Fixed weights by team; `method` says whether they were written as even or as fixed.

    `days` are the UTC days [start, end) of those members that have any; outside of them they bear nothing.
    """

    weights: tuple[tuple[str, Decimal], ...]
    method: Literal["even", "fixed"] = "fixed"
    days: tuple[tuple[str, Days], ...] = ()


WithoutUsage = Literal["unattributed", "previous", "keep"] | FixedSplit
"""What stands in for a bucket without usage; "keep" leaves a shared team's cost where it is."""


@dataclass(frozen=True)
class Driver:
    """A usage metric that costs are split by, of one pool, or of all (None).

    `weight` is its part beside the other drivers of a split.
    """

    metric: str
    pool: str | None = None
    weight: Decimal = Decimal(1)


@dataclass(frozen=True)
class UsageSplit:
    """Proportional to a driver per bucket, or to several, whose shares are blended by their weights.

    `idle` and `unallocated` are "" where idle capacity is not told apart; where it is, there is one driver.
    """

    drivers: tuple[Driver, ...]
    per: Per = "day"
    among: tuple[str, ...] = ()
    without_usage: WithoutUsage = "unattributed"
    idle: str = ""
    unallocated: str = ""


@dataclass(frozen=True)
class CostSplit:
    """Proportional to what phase 1 gave each owner in the same day or month."""

    per: Per = "day"
    among: tuple[str, ...] = ()
    without_usage: WithoutUsage = "unattributed"


@dataclass(frozen=True)
class Rate:
    """Money per unit of a metric, on the UTC days [start, end)."""

    metric: str
    money: Decimal
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Activity:
    """Rate times count per owner and bucket; what the claims leave of the pool is idle capacity of `rest`.

    The rates of a metric do not overlap; on a day without one it claims nothing.
    """

    rates: tuple[Rate, ...]
    rest: str
    pool: str | None = None
    per: Per = "day"


@dataclass(frozen=True)
class Follow:
    """Split by the cost of the charges of the same month that agree in the columns, the last one dropped first."""

    columns: tuple[str, ...]


Outcome = Owner | MappingOwner | UsageSplit | CostSplit | FixedSplit | Activity | Follow
