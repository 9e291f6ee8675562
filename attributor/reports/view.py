"""What a page is asked for, and what of it is known."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger.corrections import days_with_corrections
from attributor.ledger.money_columns import money_sums
from attributor.ledger.statements import closed_at
from attributor.ledger.tables import rollup, team_days
from attributor.periods import Month, Period, Span
from attributor.reports.comparison import Chosen, ComparedSource, Comparison, chosen, compared_sources, comparison
from attributor.reports.costs import Basis, amounts, cost_sums, on_days, within
from attributor.reports.narrowing import Filter, are_of_teams, kept_rows, kept_team_days
from attributor.reports.told import Told, told

_STALLED_AFTER = timedelta(days=10)
"""A source so far behind the freshest one is no longer waited for."""


@dataclass(frozen=True)
class View:
    """A period in one cost basis, seen at `now` (aware UTC). `currency` None takes the one with the most cost.

    `group` is the dimension that the page is grouped by, "" its own. Every one of `filters` must hold.
    """

    period: Period
    now: datetime
    basis: Basis = "effective"
    currency: str | None = None
    group: str = ""
    filters: tuple[Filter, ...] = ()

    @property
    def today(self) -> date:
        """The UTC day of `now`."""
        return self.now.date()

    @property
    def is_open(self) -> bool:
        """Whether the period is still going on, so that its costs are "so far"."""
        return self.period.first <= self.today < self.period.end

    @property
    def is_budgeted(self) -> bool:
        """Whether budgets and forecasts say anything of it: they are of whole months, and of all that is charged."""
        return isinstance(self.period, Month) and not self.filters


@dataclass(frozen=True)
class Heading:
    """What a report is of: its period, basis and currency, what it is kept to, and how much of the period is known.

    `is_open`: the period still goes on at `now`. `since`: the first day that any source has told of, `through`: the
    last day with published charges; None without any.
    `whole_until`: the day up to which (exclusive) every source has told; the days from it on are lower bounds.
    `other_currencies`: charges of the period that this report leaves out. `comparison`: what changes compare with.
    `closed_at`: when the month was closed (aware UTC), so that nothing of it changes any more; None while it is open,
    and for a period that is no month.
    """

    period: Period
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
    filters: tuple[Filter, ...]

    @property
    def is_month(self) -> bool:
        """Whether the period is a calendar month, as budgets and statements are."""
        return isinstance(self.period, Month)

    @property
    def whole_through(self) -> date:
        """The last day that every source has told of."""
        return self.whole_until - timedelta(days=1)


@dataclass(frozen=True)
class Frame:
    """A view with its currency settled.

    `since` and `through` are the period's first known day and its last one with published charges, None where there is
    none. `sources` are the days that are compared, by source. `whole_until` is the day up to which (exclusive) every
    source has told, but for those that stalled. `corrected` are the days of both periods that corrections of closed
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
    def period(self) -> Period:
        """The UTC days looked at."""
        return self.view.period

    @property
    def before(self) -> Period:
        """The period of the same length before it."""
        return self.period.plus(-1)

    @property
    def whole_days(self) -> Period:
        """The days of the period that every source has told of; none of them where it tells of none."""
        until = min(self.heading.whole_until, self.period.end)
        return self.period if until == self.period.end else Span(self.period.first, max(until, self.period.first))

    @property
    def this_period(self) -> ColumnElement[bool]:
        """The days of the period."""
        return within(self.period.first, self.period.end)

    def rows(self, keep: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
        """Return the condition that a rollup row is in the frame's currency, passes its filters and is kept."""
        kept = (rollup.c.currency == self.currency) & kept_rows(self.view.filters)
        return kept if keep is None else kept & keep

    @cached_property
    def compared(self) -> Chosen:
        """The period's rows that changes compare; its other rows have nothing beside them."""
        return chosen({each.source: each.days for each in self.sources}, self.corrected)

    @cached_property
    def previous(self) -> Chosen:
        """The previous period's rows that changes compare with."""
        return chosen({each.source: each.previous for each in self.sources}, self.corrected)

    @property
    def both_periods(self) -> ColumnElement[bool]:
        """The days of either period."""
        return on_days(self.before.first, self.period.end)

    @property
    def heading(self) -> Heading:
        """What a report says of itself."""
        return Heading(
            period=self.period,
            basis=self.view.basis,
            currency=self.currency,
            other_currencies=self.other_currencies,
            is_open=self.view.is_open,
            since=self.since,
            through=self.through,
            whole_until=self.whole_until if self.view.is_open else self.period.end,
            now=self.view.now,
            comparison=comparison(self.sources, self.period),
            closed_at=self.closed_at,
            filters=self.view.filters,
        )


def frame(connection: Connection, view: View) -> Frame:
    """Settle the currency and the days that are known and compared; five small queries."""
    known = told(connection, view.period)
    found = _currencies(connection, view)
    currency = view.currency or (found[0] if found else "USD")
    return Frame(
        view=view,
        currency=currency,
        other_currencies=tuple(sorted(name for name in found if name != currency)),
        since=known.since,
        through=known.through,
        sources=compared_sources(known.days, view.period, view.today),
        whole_until=_whole_until(known, view),
        corrected=days_with_corrections(connection, view.period.plus(-1).first, view.period.end),
        closed_at=closed_at(connection, view.period) if isinstance(view.period, Month) else None,
    )


def _whole_until(known: Told, view: View) -> date:
    ends = [min(max(days) + timedelta(days=1), view.today) for days in known.days.values()]
    return min((end for end in ends if end >= max(ends) - _STALLED_AFTER), default=view.period.first)


def _currencies(connection: Connection, view: View) -> tuple[str, ...]:
    if are_of_teams(view.filters):
        days = (team_days.c.day >= view.period.first) & (team_days.c.day < view.period.end)
        kept, column = days & kept_team_days(view.filters), team_days.c.currency
        query = select(column, *money_sums(team_days, view.basis)).where(kept).group_by(column)
    else:
        kept = within(view.period.first, view.period.end) & kept_rows(view.filters)
        query = select(rollup.c.currency, *cost_sums(view.basis)).where(kept).group_by(rollup.c.currency)
    costs: list[tuple[Decimal, str]] = [(*amounts(row, 1), row[0]) for row in connection.execute(query)]
    return tuple(name for cost, name in sorted(costs, key=lambda found: (found[0].copy_negate(), found[1])))
