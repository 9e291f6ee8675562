"""A month by charge category (FOCUS ChargeCategory): usage, and what comes by contract or calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select, true

from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup
from attributor.money import from_units, to_units, total
from attributor.reports.costs import cost_sums, on_days
from attributor.reports.view import Frame

USAGE = "Usage"
_FIXED = ("Purchase", "Tax", "Credit", "Adjustment")
IS_USAGE = rollup.c.category.not_in(_FIXED)
"""The condition that a rollup row is usage; a category that is not known counts as such."""


@dataclass(frozen=True)
class CategoryLine:
    """What the charges of one category cost."""

    category: str
    cost: Decimal


@dataclass(frozen=True)
class FixedCosts:
    """The month's cost of everything but usage: by category, and by (day, team)."""

    by_category: Mapping[str, Decimal]
    by_day: Mapping[tuple[date, str], Decimal]

    def usage(self, day: date, team: str, cost: Decimal) -> Decimal:
        """Return what of a team's cost on a day is usage."""
        return from_units(to_units(cost) - to_units(self.by_day.get((day, team), Decimal(0))))


def fixed_costs(connection: Connection, frame: Frame, keep: ColumnElement[bool] | None = None) -> FixedCosts:
    """Read the kept rows of the month that are not usage; one query."""
    keys = (rollup.c.category, rollup.c.day, rollup.c.team)
    kept = ~IS_USAGE & (rollup.c.currency == frame.currency) & (true() if keep is None else keep)
    month = on_days(frame.month.first, frame.month.end)
    by_category: dict[str, list[Decimal]] = {}
    by_day: dict[tuple[date, str], list[Decimal]] = {}
    query = select(*keys, *cost_sums(frame.view.basis)).where(month, kept).group_by(*keys)
    for category, day, team, millionths, rest in connection.execute(query):
        cost = joined(millionths, rest)
        by_category.setdefault(category, []).append(cost)
        by_day.setdefault((day, team), []).append(cost)
    return FixedCosts(
        {category: total(by_category[category]) for category in _FIXED if category in by_category},
        {key: total(costs) for key, costs in by_day.items()},
    )


def category_lines(whole: Decimal, fixed: FixedCosts) -> tuple[CategoryLine, ...]:
    """Return the month by category, usage first; the lines sum to `whole`."""
    usage = from_units(to_units(whole) - sum(to_units(cost) for cost in fixed.by_category.values()))
    lines = (CategoryLine(USAGE, usage), *(CategoryLine(*found) for found in fixed.by_category.items()))
    return tuple(line for line in lines if line.cost)
