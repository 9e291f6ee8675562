"""What an explanation is of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from attributor.periods import Period
from attributor.reports.costs import Basis


@dataclass(frozen=True)
class Subject:
    """A team's amount in a period or on one day of it, in one cost column; that of all teams where `team` is "".

    `filters` are the dimensions that it is kept to, by the words that reports use; "" is none given, `GIVEN` any.
    """

    period: Period
    day: date | None
    team: str
    filters: Mapping[str, str]
    basis: Basis = "effective"

    @property
    def days(self) -> tuple[date, date]:
        """The half-open UTC days."""
        return (self.period.first, self.period.end) if self.day is None else (self.day, self.day + timedelta(days=1))
