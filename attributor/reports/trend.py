"""A team's cost by day and by week."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.categories import IS_USAGE
from attributor.reports.costs import amounts, cost_sums, on_days
from attributor.reports.view import Frame

_WEEK = timedelta(days=7)
_WEEKS_BACK = 12


@dataclass(frozen=True)
class DayCost:
    """What one UTC day cost; `usage` is the part that is no purchase, tax, credit or adjustment."""

    day: date
    cost: Decimal
    usage: Decimal


@dataclass(frozen=True)
class WeekCost:
    """What the week from Monday `first` on cost, in UTC days; `is_whole`: all its days are over, known and told of."""

    first: date
    cost: Decimal
    usage: Decimal
    is_whole: bool


@dataclass(frozen=True)
class Trend:
    """The period's days, those of the period before, and weeks: those that the period lies in, and twelve before."""

    days: tuple[DayCost, ...]
    previous_days: tuple[DayCost, ...]
    weeks: tuple[WeekCost, ...]


def trend(connection: Connection, frame: Frame, of_team: ColumnElement[bool]) -> Trend:
    """Read the kept rows by day; one query."""
    first, last = frame.period.first, min(frame.period.end - timedelta(days=1), frame.view.today)
    monday = min(_monday(first), _monday(last) - _WEEKS_BACK * _WEEK)
    since, until = min(frame.before.first, monday), max(frame.period.end, _monday(last) + _WEEK)
    day, basis = rollup.c.day, frame.view.basis
    sums = (*cost_sums(basis), *cost_sums(basis, IS_USAGE))
    query = select(day, *sums).where(on_days(since, until), frame.rows(of_team)).group_by(day).order_by(day)
    found = [DayCost(row[0], *amounts(row, 1, 2)) for row in connection.execute(query)]
    return Trend(
        days=tuple(each for each in found if first <= each.day < frame.period.end),
        previous_days=tuple(each for each in found if frame.before.first <= each.day < first),
        weeks=tuple(_weeks(found, monday, _monday(last), _whole_until(frame))),
    )


def _whole_until(frame: Frame) -> date:
    return frame.whole_until if frame.view.is_open else frame.view.today


def _weeks(days: Sequence[DayCost], first: date, last: date, whole_until: date) -> Iterator[WeekCost]:
    """Yield the weeks from the first with a cost on; it is whole only where its Monday has one."""
    begins = next((each.day for each in days if each.day >= first), None)
    monday = _monday(begins) if begins else last + _WEEK
    while begins and monday <= last:
        of_week = [each for each in days if monday <= each.day < monday + _WEEK]
        is_whole = begins <= monday and monday + _WEEK <= whole_until
        costs = total(each.cost for each in of_week), total(each.usage for each in of_week)
        yield WeekCost(monday, *costs, is_whole)
        monday += _WEEK


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
