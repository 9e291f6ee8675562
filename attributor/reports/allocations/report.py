"""Costs by window and group: sets of allocations, each summing exactly to what the ledger has of its days."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import add, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, select

from attributor.ledger.money_columns import joined_units
from attributor.ledger.tables import rollup
from attributor.money import from_units
from attributor.periods import days_between
from attributor.reports.allocations.filters import UNALLOCATED_NAME, Filter, filter_condition
from attributor.reports.allocations.windows import Window
from attributor.reports.costs import (
    BASES,
    DIMENSIONS,
    Basis,
    SeveralCurrenciesError,
    cost_sums,
    currencies,
    dimensions_of,
    within,
)
from rules.schema import IDLE, UNATTRIBUTED

IDLE_NAME = "__idle__"


@dataclass(frozen=True)
class AllocationsRequest:
    """What is asked: consecutive windows, what to group by, the basis of `total_cost`, and what to keep to.

    `include_idle`: whether what nobody held is in the sets, as one allocation. `currency` None takes the only one.
    """

    windows: tuple[Window, ...]
    by: tuple[str, ...] = ("team",)
    basis: Basis = "effective"
    currency: str | None = None
    include_idle: bool = False
    filter: Filter | None = None


class Allocation(NamedTuple):
    """One group of a set: its `values` of the dimensions `by`, None of idle capacity.

    `units` is its cost in each of BASES, in units of 1e-12: of very many groups few are ever shown.
    """

    name: str
    by: tuple[str, ...]
    values: tuple[str, ...] | None
    units: tuple[int, ...]

    @property
    def properties(self) -> Mapping[str, str]:
        """The values by dimension, none of idle capacity."""
        return {} if self.values is None else dict(zip(self.by, self.values, strict=True))

    @property
    def costs(self) -> Mapping[Basis, Decimal]:
        """The cost in each basis."""
        return dict(zip(BASES, map(from_units, self.units), strict=True))


@dataclass(frozen=True)
class AllocationSet:
    """The allocations of UTC days [start, end), in the order of their names."""

    start: date
    end: date
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True)
class Allocations:
    """The sets, one a window; `currency` is "" where there was no charge. `idle_left_out` is in the basis asked for."""

    basis: Basis
    currency: str
    sets: tuple[AllocationSet, ...]
    idle_left_out: Decimal


_Key = tuple[int, tuple[str, ...] | None]
"""Which set, and the values of a group; None is idle capacity."""


def allocations(connection: Connection, request: AllocationsRequest) -> Allocations:
    """Sum the published allocations; raise SeveralCurrenciesError where they have no single total."""
    condition = _condition(connection, request)
    currency = _currency(connection, condition, request.currency)
    columns = list(dict.fromkeys(DIMENSIONS.get(name, rollup.c.dimensions) for name in request.by))
    columns = list(dict.fromkeys((*columns, rollup.c.team)))
    if len(request.windows) > 1:
        columns = list(dict.fromkeys((*columns, rollup.c.day)))
    sums = [each for basis in BASES for each in cost_sums(basis)]
    query = select(*columns, *sums).where(condition, rollup.c.currency == currency).group_by(*columns)
    found: dict[_Key, list[int]] = {}
    key, ends = _key_of(request, columns), range(len(columns), len(columns) + len(sums), 2)
    for row in connection.execute(query):
        costs = [joined_units(row[at], row[at + 1]) for at in ends]
        before = found.get(place := key(row))
        found[place] = costs if before is None else [*map(add, before, costs)]
    idle = 0 if request.include_idle else _take_idle(found, BASES.index(request.basis))
    return Allocations(request.basis, currency, _sets(request, found), from_units(idle))


def _condition(connection: Connection, request: AllocationsRequest) -> ColumnElement[bool]:
    conditions = [within(request.windows[0].start, request.windows[-1].end)]
    if request.currency is not None:
        conditions.append(rollup.c.currency == request.currency)
    if request.filter is not None:
        conditions.append(filter_condition(connection, request.filter, conditions))
    return and_(*conditions)


def _currency(connection: Connection, condition: ColumnElement[bool], asked: str | None) -> str:
    if asked is not None:
        return asked
    found = currencies(connection, condition)
    if len(found) > 1:
        raise SeveralCurrenciesError(found)
    return found[0] if found else ""


def _key_of(request: AllocationsRequest, columns: Sequence[ColumnElement[Any]]) -> Callable[[Sequence[Any]], _Key]:
    """Return what says of a row of these columns which set and group it is of."""
    at = {column: number for number, column in enumerate(columns)}
    team, day = at[rollup.c.team], at.get(rollup.c.day, 0)
    values = [_reader(name, at[DIMENSIONS.get(name, rollup.c.dimensions)]) for name in request.by]
    sets = {of: number for number, each in enumerate(request.windows) for of in days_between(each.start, each.end)}

    def key(row: Sequence[Any]) -> _Key:
        of = sets[row[day]] if len(request.windows) > 1 else 0
        return of, None if row[team] == IDLE else tuple([read(row) for read in values])

    return key


def _reader(name: str, at: int) -> Callable[[Sequence[Any]], str]:
    """Return what reads a dimension's value from a row, whose column `at` holds it."""
    if name not in DIMENSIONS:
        return lambda row: dimensions_of(row[at]).get(name, "")
    if name == "team":
        return lambda row: "" if row[at] == UNATTRIBUTED else row[at]
    if name == "day":
        return lambda row: str(row[at].isoformat())
    return itemgetter(at)


def _take_idle(found: dict[_Key, list[int]], basis: int) -> int:
    return sum(found.pop(key)[basis] for key in [key for key in found if key[1] is None])


def _sets(request: AllocationsRequest, found: Mapping[_Key, list[int]]) -> tuple[AllocationSet, ...]:
    groups = {values for _, values in found}
    taken = Counter(_joined(values) for values in groups)
    names = {values: _name(values, taken) for values in groups}
    sets: list[list[Allocation]] = [[] for _ in request.windows]
    for (at, values), costs in found.items():
        sets[at].append(Allocation(names[values], request.by, values, tuple(costs)))
    return tuple(
        AllocationSet(window.start, window.end, tuple(sorted(each, key=itemgetter(0))))
        for window, each in zip(request.windows, sets, strict=True)
    )


def _joined(values: tuple[str, ...] | None) -> str:
    return IDLE_NAME if values is None else "/".join(value or UNALLOCATED_NAME for value in values)


def _name(values: tuple[str, ...] | None, taken: Mapping[str, int]) -> str:
    """Return the values joined by slashes, or as a JSON list where slashes in them would make two names one."""
    joined = _joined(values)
    return joined if values is None or taken[joined] == 1 else json.dumps(values, ensure_ascii=False)
