"""The nouns of spend anomalies: a team's daily spend on a service, when a deviation is worth telling, an episode."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from alerts.alert import Contributor
from alerts.detect.anomalous import AnomalousDay


@dataclass(frozen=True)
class SpendDay:
    """A UTC day's cost; not `complete` while the provider still adds to it: then it is a lower bound."""

    day: date
    amount: Decimal
    complete: bool = True


@dataclass(frozen=True)
class SpendSeries:
    """What one team spent on one service, in one currency, days in order; a covered day without charges is 0.

    A day that is left out is not known. Leave out purchases, taxes, credits and adjustments. `source_since` is when
    the source was connected: what begins later is a new service. `drivers` are what made up a day, where known.
    """

    team: str
    service: str
    currency: str
    source_since: date | None
    days: tuple[SpendDay, ...]
    drivers: Mapping[date, tuple[Contributor, ...]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the keys of its alerts begin with."""
        return f"spend:{self.team}:{self.service}"


@dataclass(frozen=True)
class SpendPolicy:
    """When a deviation is worth telling; money in the series' currency.

    The excess of an episode must reach `floor` in all, and each of its days `share_of_day` of that and `share` of what
    the team spends in a day; of an episode of hours it must reach `share_of_hours`, and each hour `share_of_hour` of
    `floor` and `share` of a day. A service is new when it begins
    `new_after` its source was connected; it is told where a day of its first `new_for` costs `new_service_floor`.
    An alert fires until `quiet` has passed since its last anomalous day. Severity follows the whole excess.
    """

    floor: Decimal = Decimal(50)
    share_of_day: Decimal = Decimal("0.2")
    share_of_hours: Decimal = Decimal("0.3")
    share_of_hour: Decimal = Decimal("0.04")
    share: Decimal = Decimal("0.02")
    new_service_floor: Decimal = Decimal(25)
    new_after: timedelta = timedelta(days=7)
    new_for: timedelta = timedelta(days=7)
    quiet: timedelta = timedelta(days=7)
    warning_from: Decimal = Decimal(100)
    critical_from: Decimal = Decimal(1000)


@dataclass(frozen=True)
class Episode:
    """Anomalous days that belong together, oldest first; `day` counts from `first`.

    `began` is the day that it was first told under, and names it. `gate` is the least excess of a day.
    """

    first: date
    days: tuple[AnomalousDay, ...]
    gate: float
    began: date

    def date_of(self, anomalous: AnomalousDay) -> date:
        """Return the UTC day."""
        return self.first + timedelta(days=anomalous.day)
