"""What a page is asked for, and what of it is known."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, and_, select

from attributor.ledger.corrections import days_with_corrections
from attributor.ledger.statements import closed_in
from attributor.ledger.tables import rollup
from attributor.periods import Month, month_of
from attributor.reports.comparison import Chosen, ComparedSource, Comparison, chosen, compared_sources, comparison
from attributor.reports.costs import Basis, amounts, cost_sums, on_days, within
from attributor.reports.told import Told, told

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

    `is_open`: the month still goes on at `now`. `since`: the first day that any source has told of, `through`: the last
    day with published charges; None without any.
    `whole_until`: the day up to which (exclusive) every source has told; the days from it on are lower bounds.
    `other_currencies`: charges of the month that this report leaves out. `comparison`: what changes compare with.
    `closed_at`: when the month was closed (aware UTC), so that nothing of it changes any more; None while it is open.
    """

    month: Month
    basis: Basis
    currency: str
    other_currencies: tuple[str, ...]
    is_open: bool
    since: date | None
    through: date | None
    whole_until: date
    now: datetime
    comparison: Comparison
    closed_at: datetime | None

    @property
    def whole_through(self) -> date:
        """The last day that every source has told of."""
        return self.whole_until - timedelta(days=1)


@dataclass(frozen=True)
class Frame:
    """A view with its currency settled.

    `since` and `through` are the month's first known day and its last one with published charges, None where there is
    none. `sources` are the days that are compared, by source. `whole_until` is the day up to which (exclusive) every
    source has told, but for those that stalled. `corrected` are the days of both months that corrections of closed
    months were posted on; `closed_at` is when the month itself was closed, None while it is open.
    """

    view: View
    currency: str
    other_currencies: tuple[str, ...]
    since: date | None
    through: date | None
    sources: tuple[ComparedSource, ...]
    whole_until: date
    corrected: tuple[date, ...]
    closed_at: datetime | None

    @property
    def month(self) -> Month:
        """The UTC month looked at."""
        return self.view.month

    @property
    def this_month(self) -> ColumnElement[bool]:
        """The rollup rows of the month."""
        return within(self.month.first, self.month.end)

    @cached_property
    def compared(self) -> Chosen:
        """The month's rows that changes compare; the month's other rows have nothing beside them."""
        return chosen({each.source: each.days for each in self.sources}, self.corrected)

    @cached_property
    def previous(self) -> Chosen:
        """The previous month's rows that changes compare with."""
        return chosen({each.source: each.previous for each in self.sources}, self.corrected)

    @property
    def both_months(self) -> ColumnElement[bool]:
        """The rows of either month in the frame's currency."""
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
            since=self.since,
            through=self.through,
            whole_until=self.whole_until if self.view.is_open else self.month.end,
            now=self.view.now,
            comparison=comparison(self.sources, self.month),
            closed_at=self.closed_at,
        )


def frame(connection: Connection, view: View) -> Frame:
    """Settle the currency and the days that are known and compared; five small queries."""
    known = told(connection, view.month)
    found = _currencies(connection, view)
    currency = view.currency or (found[0] if found else "USD")
    statement = closed_in(connection).get(view.month)
    return Frame(
        view=view,
        currency=currency,
        other_currencies=tuple(sorted(name for name in found if name != currency)),
        since=known.since,
        through=known.through,
        sources=compared_sources(known.days, view.month, view.today),
        whole_until=_whole_until(known, view),
        corrected=days_with_corrections(connection, view.month.plus(-1).first, view.month.end),
        closed_at=None if statement is None else statement.closed_at,
    )


def _whole_until(known: Told, view: View) -> date:
    ends = [min(max(days) + timedelta(days=1), view.today) for days in known.days.values()]
    return min((end for end in ends if end >= max(ends) - _STALLED_AFTER), default=view.month.first)


def _currencies(connection: Connection, view: View) -> tuple[str, ...]:
    query = select(rollup.c.currency, *cost_sums(view.basis)).where(within(view.month.first, view.month.end))
    costs: list[tuple[Decimal, str]] = [
        (*amounts(row, 1), row[0]) for row in connection.execute(query.group_by(rollup.c.currency))
    ]
    return tuple(name for cost, name in sorted(costs, key=lambda found: (found[0].copy_negate(), found[1])))
