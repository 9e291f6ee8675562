"""A period's costs by the dimension that a page is asked to group by."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger.tables import rollup
from attributor.reports.categories import IS_USAGE
from attributor.reports.costs import amounts, cost_sums, on_days
from attributor.reports.lines import CostLine, cost_lines
from attributor.reports.narrowing import column_of
from attributor.reports.view import Frame


@dataclass(frozen=True)
class DayOfGroup:
    """What one value cost on one UTC day; `usage` is the part that is no purchase, tax, credit or adjustment."""

    day: date
    name: str
    cost: Decimal
    usage: Decimal


@dataclass(frozen=True)
class Grouping:
    """Costs by the dimension `by` (a word that `narrowing` knows); the lines and the days sum to the report's total."""

    by: str
    lines: tuple[CostLine, ...]
    days: tuple[DayOfGroup, ...]


def grouping(connection: Connection, frame: Frame, keep: ColumnElement[bool] | None = None) -> Grouping | None:
    """Read the kept rows by the view's `group`; None where it names none. Two queries."""
    if not frame.view.group:
        return None
    column = column_of(frame.view.group)
    days = group_days(connection, frame, column, keep)
    return Grouping(frame.view.group, cost_lines(connection, frame, column, keep), days)


def group_days(
    connection: Connection, frame: Frame, column: ColumnElement[str], keep: ColumnElement[bool] | None = None
) -> tuple[DayOfGroup, ...]:
    """Read the kept rows of the period by day and one column; one query."""
    keys, basis = (rollup.c.day, column), frame.view.basis
    query = select(*keys, *cost_sums(basis), *cost_sums(basis, IS_USAGE)).group_by(*keys).order_by(*keys)
    rows = connection.execute(query.where(on_days(frame.period.first, frame.period.end), frame.rows(keep)))
    return tuple(DayOfGroup(row[0], row[1], *amounts(row, 2, 2)) for row in rows)
