"""A period by charge category (FOCUS ChargeCategory): usage, what comes by contract or calendar, corrections."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger import rollup_parts
from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup
from attributor.money import from_units, to_units, total
from attributor.reports.costs import cost_sums, on_days
from attributor.reports.view import Frame

USAGE, CORRECTION = "Usage", "Correction"
IS_USAGE = rollup_parts.IS_USAGE
"""The condition that a rollup row is usage of its day; a category that is not known counts as such."""


def is_usage(category: str) -> bool:
    """Return whether a category of own charges is usage, as IS_USAGE does."""
    return category not in rollup_parts.FIXED_CATEGORIES


@dataclass(frozen=True)
class CategoryLine:
    """What the charges of one category cost; what `corrects` a closed month (YYYY-MM, otherwise "") stands apart."""

    category: str
    cost: Decimal
    corrects: str = ""


@dataclass(frozen=True)
class FixedCosts:
    """The period's cost of everything but usage: by category, corrections by closed month, and all by (day, team)."""

    by_category: Mapping[str, Decimal]
    by_corrected: Mapping[str, Decimal]
    by_day: Mapping[tuple[date, str], Decimal]

    def usage(self, day: date, team: str, cost: Decimal) -> Decimal:
        """Return what of a team's cost on a day is usage."""
        return from_units(to_units(cost) - to_units(self.by_day.get((day, team), Decimal(0))))


def fixed_costs(connection: Connection, frame: Frame, keep: ColumnElement[bool] | None = None) -> FixedCosts:
    """Read the kept rows of the period that are not usage; one query."""
    keys = (rollup.c.category, rollup.c.corrects, rollup.c.day, rollup.c.team)
    kept = ~IS_USAGE & frame.rows(keep)
    days = on_days(frame.period.first, frame.period.end)
    by_category: dict[str, list[Decimal]] = {}
    by_corrected: dict[str, list[Decimal]] = {}
    by_day: dict[tuple[date, str], list[Decimal]] = {}
    query = select(*keys, *cost_sums(frame.view.basis)).where(days, kept).group_by(*keys)
    for category, corrects, day, team, millionths, rest in connection.execute(query):
        cost = joined(millionths, rest)
        apart, name = (by_corrected, corrects) if corrects else (by_category, category)
        apart.setdefault(name, []).append(cost)
        by_day.setdefault((day, team), []).append(cost)
    return FixedCosts(
        {
            category: total(by_category[category])
            for category in rollup_parts.FIXED_CATEGORIES
            if category in by_category
        },
        {month: total(costs) for month, costs in sorted(by_corrected.items())},
        {key: total(costs) for key, costs in by_day.items()},
    )


def category_lines(whole: Decimal, fixed: FixedCosts) -> tuple[CategoryLine, ...]:
    """Return the period by category, usage first and corrections last; the lines sum to `whole`."""
    corrected = (CategoryLine(CORRECTION, cost, month) for month, cost in fixed.by_corrected.items())
    apart = (*(CategoryLine(*found) for found in fixed.by_category.items()), *corrected)
    usage = from_units(to_units(whole) - sum(to_units(line.cost) for line in apart))
    return tuple(line for line in (CategoryLine(USAGE, usage), *apart) if line.cost)
