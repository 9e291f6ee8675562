"""What a team's units cost it by day, and where that drifts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

from alerts.amounts import times
from alerts.detect.spend_series import Episode

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
FINE = Decimal("0.000001")
"""What the cost of `per` units is rounded to."""


@dataclass(frozen=True)
class UnitDay:
    """What a team spent on a UTC day that is known in full, and how many units it had for that."""

    day: date
    cost: Decimal
    units: Decimal


@dataclass(frozen=True)
class UnitSeries:
    """What `per` units of `metric` cost a team by day, of all models ("") or of one, in one currency, in order.

    `cost_of` says in words what the cost is of. Days that are not known, or not in full, are left out.
    """

    team: str
    metric: str
    per: int
    currency: str
    cost_of: str
    days: tuple[UnitDay, ...]
    model: str = ""

    @property
    def key(self) -> str:
        """What the keys of its alerts begin with."""
        return f"unit_cost:{self.team}:{self.metric}:{self.model or '*'}"

    @property
    def unit(self) -> str:
        """What is counted, in words."""
        return f"{'1,000 ' if self.per == 1000 else ''}{self.metric}{f' of {self.model}' if self.model else ''}"


@dataclass(frozen=True)
class Drift:
    """Days on which a unit cost more than usual, with what was usual and the band, both of `per` units."""

    series: UnitSeries
    episode: Episode
    excess: Mapping[date, Decimal]
    """By day, what it cost above what as many units usually do."""

    expected: Decimal
    band: Decimal


def unit_cost(series: UnitSeries, day: UnitDay) -> Decimal:
    """Return what `per` units cost on a day that has some, rounded half-even to millionths."""
    return EXACT.divide(times(day.cost, series.per), day.units).quantize(FINE, context=EXACT)
