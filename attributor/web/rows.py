"""Long tables: the first rows of one, those that nobody may miss, and how many others there are.

A page of a company of hundreds of teams is of its largest; all that is left out is summed up in a line, so that what is
shown still sums to the whole, and a link shows every row. JSON is always whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from attributor.reports.budgets import BudgetPace
from attributor.reports.outlook import BudgetLine
from attributor.reports.overview import TeamLine
from attributor.reports.owners import RESERVED_OWNERS
from attributor.reports.statement_list import OwnerLine
from attributor.web.links import Links

_SHORT, _LEADING = 50, 25
"""How many rows of a table are never too many, and how many of a longer one a page shows."""
_OVER = {"over", "hard_limit"}

Line = TypeVar("Line")


@dataclass(frozen=True)
class Rows(Generic[Line]):
    """The rows that a page shows, in their order, and the others; `could_be_fewer`: all are shown because asked for."""

    shown: Sequence[Line]
    others: Sequence[Line]
    could_be_fewer: bool = False

    @property
    def is_short(self) -> bool:
        """Whether there are so few rows that none would be left out."""
        return not self.others and not self.could_be_fewer

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.shown) + len(self.others)


def first_rows(lines: Sequence[Line], links: Links, keep: Callable[[Line], bool] = lambda _: False) -> Rows[Line]:
    """Return the first rows of a long table, and any that must be kept; one row alone is never left out."""
    others = [line for line in lines[_LEADING:] if not keep(line)] if len(lines) > _SHORT else []
    if len(others) < 2:
        return Rows(lines, ())
    if links.all_rows:
        return Rows(lines, (), could_be_fewer=True)
    return Rows((*lines[:_LEADING], *(line for line in lines[_LEADING:] if keep(line))), others)


def team_rows(lines: Sequence[TeamLine], links: Links) -> Rows[TeamLine]:
    """Return the first teams; what has no owner is always shown."""
    return first_rows(lines, links, lambda line: line.team in RESERVED_OWNERS)


def owner_rows(lines: Sequence[OwnerLine], links: Links) -> Rows[OwnerLine]:
    """Return the first owners of statements; what has no owner is always shown."""
    return first_rows(lines, links, lambda line: line.owner.id in ("", *RESERVED_OWNERS))


def pace_rows(lines: Sequence[BudgetPace], links: Links) -> Rows[BudgetPace]:
    """Return the first budgets, and every one that is over or expected to be."""
    return first_rows(lines, links, lambda pace: is_over(pace.line))


def is_over(line: BudgetLine) -> bool:
    """Return whether more is spent than a budget is, or expected to be."""
    return line.state in _OVER or line.forecast_state in _OVER
