"""Costs by window and group: sets of allocations, each summing exactly to what the ledger has of its days."""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from attributor.ledger.tables import rollup
from attributor.money import from_units, to_units
from attributor.reports.allocations.filters import UNALLOCATED_NAME, Filter, filter_condition
from attributor.reports.allocations.windows import Window
from attributor.reports.costs import (
    BASES,
    DIMENSIONS,
    Basis,
    SeveralCurrenciesError,
    amounts,
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


@dataclass(frozen=True)
class Allocation:
    """One group of a set: its values by dimension, empty of idle capacity, and its cost in each basis."""

    name: str
    properties: Mapping[str, str]
    costs: Mapping[Basis, Decimal]


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
    for row in connection.execute(query):
        costs = found.setdefault(_key(request, row), [0] * len(BASES))
        for at, amount in enumerate(amounts(row, len(columns), len(BASES))):
            costs[at] += to_units(amount)
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


def _key(request: AllocationsRequest, row: Row[*tuple[Any, ...]]) -> _Key:
    windows = request.windows
    at = bisect_right(windows, row.day, key=lambda window: window.start) - 1 if len(windows) > 1 else 0
    if row.team == IDLE:
        return at, None
    return at, tuple(_value(name, row) for name in request.by)


def _value(name: str, row: Row[*tuple[Any, ...]]) -> str:
    if name not in DIMENSIONS:
        return dimensions_of(row.dimensions).get(name, "")
    value = row._mapping[DIMENSIONS[name]]
    if name == "team" and value == UNATTRIBUTED:
        return ""
    return value if isinstance(value, str) else str(value.isoformat())


def _take_idle(found: dict[_Key, list[int]], basis: int) -> int:
    return sum(found.pop(key)[basis] for key in [key for key in found if key[1] is None])


def _sets(request: AllocationsRequest, found: Mapping[_Key, list[int]]) -> tuple[AllocationSet, ...]:
    groups = {values for _, values in found}
    taken = Counter(_joined(values) for values in groups)
    names = {values: _name(values, taken) for values in groups}
    sets: list[list[Allocation]] = [[] for _ in request.windows]
    for (at, values), costs in found.items():
        properties = {} if values is None else dict(zip(request.by, values, strict=True))
        by_basis = dict(zip(BASES, map(from_units, costs), strict=True))
        sets[at].append(Allocation(names[values], properties, by_basis))
    return tuple(
        AllocationSet(window.start, window.end, tuple(sorted(each, key=lambda found: found.name)))
        for window, each in zip(request.windows, sets, strict=True)
    )


def _joined(values: tuple[str, ...] | None) -> str:
    return IDLE_NAME if values is None else "/".join(value or UNALLOCATED_NAME for value in values)


def _name(values: tuple[str, ...] | None, taken: Mapping[str, int]) -> str:
    """Return the values joined by slashes, or as a JSON list where slashes in them would make two names one."""
    joined = _joined(values)
    return joined if values is None or taken[joined] == 1 else json.dumps(values, ensure_ascii=False)
