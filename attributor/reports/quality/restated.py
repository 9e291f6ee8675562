"""Days that came again with another cost."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from attributor.ledger.money_columns import joined
from attributor.ledger.tables import restatements
from attributor.money import from_units, to_units
from attributor.reports.narrowing import kept_sources
from attributor.reports.view import Frame


@dataclass(frozen=True)
class RestatedDay:
    """A UTC day of a source whose effective cost changed, and when that was noticed (aware UTC)."""

    source: str
    day: date
    noticed_at: datetime
    currency: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """What it came to afterwards, less what it had been."""
        return from_units(to_units(self.after) - to_units(self.before))


def restated_days(connection: Connection, seen: Frame) -> tuple[RestatedDay, ...]:
    """Return the restated days of a period in its currency, what changed most first."""
    table, period = restatements.c, seen.period
    within = (table.day >= period.first) & (table.day < period.end) & (table.currency == seen.currency)
    found = (
        RestatedDay(
            row.source,
            row.day,
            row.noticed_at,
            row.currency,
            joined(row.before_millionths, row.before_rest),
            joined(row.after_millionths, row.after_rest),
        )
        for row in connection.execute(select(restatements).where(within, kept_sources(restatements, seen.view.filters)))
    )
    return tuple(sorted(found, key=lambda line: (line.difference.copy_abs().copy_negate(), line.day, line.noticed_at)))
