"""Which days sources told of, which of them are complete, and which are missing between others."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, select

from attributor.ledger.tables import coverage
from attributor.periods import days_between
from attributor.watching.completeness import complete_days, estimated_until
from rules.schema import ESTIMATES


@dataclass(frozen=True)
class KnownDays:
    """What is known of the bills: by source the covered days, the first and the last of them, the last complete one.

    `estimated` is the last day whose estimate is complete, by the source of the bill that it stands for.
    """

    covered: Mapping[str, AbstractSet[date]]
    first: Mapping[str, date]
    last: Mapping[str, date]
    complete: Mapping[str, date]
    estimated: Mapping[str, date]

    def complete_through(self, sources: AbstractSet[str], otherwise: date) -> date:
        """Return the last day that all the sources have told in full; what is estimated does not wait for its bill."""
        ends = []
        for bill in {source.removesuffix(ESTIMATES) for source in sources}:
            known = [self.complete.get(bill), self.estimated.get(bill) if f"{bill}{ESTIMATES}" in sources else None]
            ends += [max(days)] if (days := [day for day in known if day is not None]) else []
        return min(ends, default=otherwise)

    def has_gap(self, source: str, day: date) -> bool:
        """Say whether the source told of days before and after this one, and not of this one."""
        if source not in self.covered:
            return False
        return self.first[source] < day < self.last[source] and day not in self.covered[source]


def known_days(connection: Connection) -> KnownDays:
    """Read what every source has covered, and until when it is complete."""
    covered: dict[str, set[date]] = {}
    for row in connection.execute(select(coverage)):
        last = (row.end - timedelta(microseconds=1)).date()
        covered.setdefault(row.source, set()).update(days_between(row.start.date(), last + timedelta(days=1)))
    return KnownDays(
        covered=covered,
        first={source: min(days) for source, days in covered.items()},
        last={source: max(days) for source, days in covered.items()},
        complete=complete_days(connection),
        estimated=estimated_until(connection),
    )
