"""Costs by any columns, each with its change against the same days of the previous period."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, literal, select, union_all

from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup
from attributor.money import from_units, to_units
from attributor.periods import days_between
from attributor.reports.costs import cost_sums
from attributor.reports.view import Frame

_RATIO = Context(prec=60)


class Moved(NamedTuple):
    """A period's cost; what the same days of the previous period cost; and the change between those days."""

    cost: Decimal
    previous: Decimal
    change: Decimal


@dataclass(frozen=True)
class CostLine:
    """One value of one dimension and what it cost; `name` is "" where the charges say nothing."""

    name: str
    cost: Decimal
    previous: Decimal
    change: Decimal


def moved_by(
    connection: Connection, frame: Frame, columns: Sequence[ColumnElement[Any]], keep: ColumnElement[bool] | None = None
) -> list[tuple[tuple[str, ...], Moved]]:
    """Return (values of the columns, cost) for the kept rows, the most expensive first; one query."""
    kept = frame.rows(keep)
    days = tuple(days_between(frame.period.first, frame.period.end))
    arms = (rollup.c.day.in_(days), frame.compared.others(days), frame.previous.rows)
    parts = [
        select(literal(part), *columns, *cost_sums(frame.view.basis)).where(condition, kept).group_by(*columns)
        for part, condition in enumerate(arms)
    ]
    found: dict[tuple[str, ...], list[int]] = {}
    for row in connection.execute(union_all(*parts)):
        costs = found.setdefault(tuple(row[1:-2]), [0, 0, 0])
        costs[row[0]] = to_units(joined(row[-2], row[-1]))
    lines = [(values, _moved(*costs)) for values, costs in found.items()]
    return sorted((line for line in lines if any(line[1])), key=lambda line: (line[1].cost.copy_negate(), line[0]))


def cost_lines(
    connection: Connection, frame: Frame, column: ColumnElement[Any], keep: ColumnElement[bool] | None = None
) -> tuple[CostLine, ...]:
    """Return the costs by one column, the most expensive first."""
    return tuple(CostLine(values[0], *moved) for values, moved in moved_by(connection, frame, (column,), keep))


def summed(lines: Sequence[CostLine | Moved]) -> Moved:
    """Add up lines that are disjoint."""
    columns = ([line.cost for line in lines], [line.previous for line in lines], [line.change for line in lines])
    return Moved(*(from_units(sum(to_units(amount) for amount in column)) for column in columns))


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return part / whole to four decimals, half-even; None where the whole is 0."""
    if not whole:
        return None
    return _RATIO.divide(part, whole).quantize(Decimal("0.0001"), context=_RATIO)


def _moved(cost: int, not_compared: int, previous: int) -> Moved:
    return Moved(from_units(cost), from_units(previous), from_units(cost - not_compared - previous))
