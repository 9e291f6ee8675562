"""What a page is asked for, and what of the previous month can fairly be compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select

from attributor.ledger.tables import publications, rollup
from attributor.periods import Month, month_of
from attributor.reports.costs import Basis, amounts, cost_sums, on_days, within

_STALLED_AFTER = timedelta(days=10)
"""A source so far behind the freshest one is no longer waited for."""


@dataclass(frozen=True)
class View:
    """A UTC month in one cost basis, seen at `now` (aware UTC). `currency` None takes the one with the most cost."""

    month: Month
    now: datetime
    basis: Basis = "effective"
    currency: str | None = None

    @property
    def today(self) -> date:
        """The UTC day of `now`."""
        return self.now.date()

    @property
    def is_open(self) -> bool:
        """Whether the month is still going on, so that its costs are "so far"."""
        return month_of(self.today) == self.month


@dataclass(frozen=True)
class Heading:
    """What a report is of: its month, basis and currency, and how much of the month is known.

    `is_open`: the month still goes on at `now`. `through`: the last day with published charges, None without any.
    `whole_until`: the day up to which (exclusive) every source has told; the days from it on are lower bounds.
    `other_currencies`: charges of the month that this report leaves out.
    """

    month: Month
    basis: Basis
    currency: str
    other_currencies: tuple[str, ...]
    is_open: bool
    through: date | None
    whole_until: date
    now: datetime

    @property
    def whole_through(self) -> date:
        """The last day that every source has told of."""
        return self.whole_until - timedelta(days=1)


@dataclass(frozen=True)
class Frame:
    """A view with its currency settled.

    `through` is the month's last day with published charges, None where there is none. `compared_until` says for each
    source up to which day (exclusive) the open month is comparable with the previous one: today and days that a source
    has not yet told of would make any month look cheap. It is None for a closed month, which is compared as a whole.
    `whole_until` is the day up to which (exclusive) every source has told, but for those that stalled.
    """

    view: View
    currency: str
    other_currencies: tuple[str, ...]
    through: date | None
    compared_until: Mapping[str, date] | None
    whole_until: date

    @property
    def month(self) -> Month:
        """The UTC month looked at."""
        return self.view.month

    @property
    def this_month(self) -> ColumnElement[bool]:
        """The rollup rows of the month."""
        return within(self.month.first, self.month.end)

    @property
    def compared(self) -> ColumnElement[bool]:
        """The month's rows that have a counterpart in the previous month."""
        return self._same_days(self.month, self.month)

    @property
    def previous(self) -> ColumnElement[bool]:
        """The previous month's rows of the same days and sources."""
        return self._same_days(self.month.plus(-1), self.month)

    @property
    def both_months(self) -> ColumnElement[bool]:
        """The rows of either month in the frame's currency: what a comparing query has to read."""
        return and_(on_days(self.month.plus(-1).first, self.month.end), rollup.c.currency == self.currency)

    @property
    def heading(self) -> Heading:
        """What a report says of itself."""
        return Heading(
            month=self.month,
            basis=self.view.basis,
            currency=self.currency,
            other_currencies=self.other_currencies,
            is_open=self.view.is_open,
            through=self.through,
            whole_until=self.whole_until if self.view.is_open else self.month.end,
            now=self.view.now,
        )

    def _same_days(self, month: Month, this_month: Month) -> ColumnElement[bool]:
        if self.compared_until is None:
            return within(month.first, month.end)
        spans = (
            and_(
                rollup.c.source == source, within(month.first, min(month.end, month.first + (until - this_month.first)))
            )
            for source, until in sorted(self.compared_until.items())
        )
        return or_(false(), *spans)


def frame(connection: Connection, view: View) -> Frame:
    """Settle the currency and the days that are compared; two small queries."""
    first = view.month.first
    last = _last_published(connection, view.month)
    found = _currencies(connection, view)
    currency = view.currency or (found[0] if found else "USD")
    through = max((day for day in last.values() if day >= first), default=None)
    until = {source: min(day + timedelta(days=1), view.today) for source, day in last.items()}
    telling = [until[source] for source, day in last.items() if day >= max(last.values()) - _STALLED_AFTER]
    return Frame(
        view=view,
        currency=currency,
        other_currencies=tuple(sorted(name for name in found if name != currency)),
        through=through,
        compared_until={source: day for source, day in until.items() if day > first} if view.is_open else None,
        whole_until=min(telling, default=first),
    )


def _last_published(connection: Connection, month: Month) -> dict[str, date]:
    day = publications.c.day
    query = select(publications.c.source, func.max(day)).where(day >= month.plus(-1).first, day < month.end)
    return {row[0]: row[1] for row in connection.execute(query.group_by(publications.c.source))}


def _currencies(connection: Connection, view: View) -> tuple[str, ...]:
    query = select(rollup.c.currency, *cost_sums(view.basis)).where(within(view.month.first, view.month.end))
    costs: list[tuple[Decimal, str]] = [
        (*amounts(row, 1), row[0]) for row in connection.execute(query.group_by(rollup.c.currency))
    ]
    return tuple(name for cost, name in sorted(costs, key=lambda found: (found[0].copy_negate(), found[1])))
