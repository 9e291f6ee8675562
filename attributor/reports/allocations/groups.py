"""Which group and which window a sum of the rollup is of."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement

from attributor.ledger.tables import rollup
from attributor.periods import days_between
from attributor.reports.allocations.windows import Window
from attributor.reports.costs import DIMENSIONS, dimensions_of
from rules.schema import IDLE, UNATTRIBUTED

Group = tuple[str, ...] | None
"""The values of a group; None is idle capacity."""


def columns_of(by: Sequence[str]) -> list[ColumnElement[Any]]:
    """Return what to group the rollup by, so that groups and idle capacity can be told."""
    columns = (DIMENSIONS.get(name, rollup.c.dimensions) for name in by)
    return list(dict.fromkeys((*columns, rollup.c.team)))


def group_of(by: Sequence[str], columns: Sequence[ColumnElement[Any]]) -> Callable[[Sequence[Any]], Group]:
    """Return what says of a row of these columns which group it is of."""
    at = {column: number for number, column in enumerate(columns)}
    team = at[rollup.c.team]
    values = [_reader(name, at[DIMENSIONS.get(name, rollup.c.dimensions)]) for name in by]
    return lambda row: None if row[team] == IDLE else tuple([read(row) for read in values])


def window_of(
    windows: Sequence[Window], numbers: range, columns: Sequence[ColumnElement[Any]]
) -> Callable[[Sequence[Any]], int]:
    """Return what says of a row of these columns which of the windows it is of."""
    if len(numbers) == 1:
        return lambda _: numbers.start
    day = next(number for number, column in enumerate(columns) if column is rollup.c.day)
    chosen = ((number, windows[number]) for number in numbers)
    found = {of: number for number, each in chosen for of in days_between(each.start, each.end)}
    return lambda row: found[row[day]]


def _reader(name: str, at: int) -> Callable[[Sequence[Any]], str]:
    """Return what reads a dimension's value from a row, whose column `at` holds it."""
    if name not in DIMENSIONS:
        return lambda row: dimensions_of(row[at]).get(name, "")
    if name == "team":
        return lambda row: "" if row[at] == UNATTRIBUTED else row[at]
    if name == "day":
        return lambda row: str(row[at].isoformat())
    return itemgetter(at)
