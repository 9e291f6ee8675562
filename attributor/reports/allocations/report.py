"""Costs by window and group: sets of allocations, each summing exactly to what the ledger has of its days."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import add, itemgetter
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, select

from attributor.ledger.money_columns import joined_units
from attributor.ledger.tables import rollup
from attributor.money import from_units
from attributor.reports.allocations.filters import UNALLOCATED_NAME, Filter, filter_condition
from attributor.reports.allocations.groups import Group, columns_of, group_of, window_of
from attributor.reports.allocations.windows import Window
from attributor.reports.costs import (
    BASES,
    Basis,
    SeveralCurrenciesError,
    cost_sums,
    currencies,
    within,
)
from rules.schema import IDLE

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
    """The sets, one a window, of all windows or of a part of them; `currency` is "" where there was no charge.

    `total` is what the sets of all windows sum to, `idle_left_out` what is in none of them, in the basis asked for.
    """

    basis: Basis
    currency: str
    sets: tuple[AllocationSet, ...]
    total: Decimal
    idle_left_out: Decimal


@dataclass(frozen=True)
class Part:
    """Which sets are wanted: those from `since` on, until there are more than `least` allocations in those after it."""

    since: date
    least: int


_Key = tuple[int, Group]
"""Which set, and which group."""
_Found = dict[_Key, list[int]]
"""Costs in units of 1e-12, in each of BASES."""


def allocations(connection: Connection, request: AllocationsRequest, part: Part | None = None) -> Allocations:
    """Sum the published allocations; raise SeveralCurrenciesError where they have no single total.

    Of very many sets a `part` is read in a fraction of the time, with the names and sums that the whole has.
    """
    condition = _condition(connection, request)
    currency = _currency(connection, condition, request.currency)
    kept = condition & (rollup.c.currency == currency)
    windows = range(len(request.windows))
    read = _few(connection, request, kept, part) if part else (_found(connection, request, kept, windows), windows)
    found, numbers = read
    if numbers == windows:
        groups = {group for _, group in found}
        sums = _summed(found, BASES.index(request.basis))
    else:
        groups = _groups(connection, request, kept)
        sums = _sums(connection, request.basis, kept)
    left_out = 0 if request.include_idle else sums[1]
    shown = {key: costs for key, costs in found.items() if request.include_idle or key[1] is not None}
    sets = _sets(request, numbers, shown, groups)
    return Allocations(request.basis, currency, sets, from_units(sums[0] - left_out), from_units(left_out))


def _few(
    connection: Connection, request: AllocationsRequest, kept: ColumnElement[bool], part: Part
) -> tuple[_Found, range]:
    """Read more and more windows at once until there are enough; return which ones were read."""
    every = len(request.windows)
    first = next((number for number in range(every) if request.windows[number].start >= part.since), every)
    found: _Found = {}
    end, more = first, 1
    while end < every and _count(request, found, part.since) <= part.least:
        numbers = range(end, min(end + more, every))
        found |= _found(connection, request, kept, numbers)
        end, more = numbers.stop, more * 2
    return found, range(first, end)


def _count(request: AllocationsRequest, found: _Found, after: date) -> int:
    shown = (at for at, group in found if request.include_idle or group is not None)
    return sum(request.windows[at].start > after for at in shown)


def _found(connection: Connection, request: AllocationsRequest, kept: ColumnElement[bool], numbers: range) -> _Found:
    """Read the windows of these numbers, which follow one another; one query."""
    columns = columns_of(request.by)
    if len(numbers) > 1:
        columns = list(dict.fromkeys((*columns, rollup.c.day)))
    sums = [each for basis in BASES for each in cost_sums(basis)]
    days = within(request.windows[numbers.start].start, request.windows[numbers.stop - 1].end)
    rows = connection.execute(select(*columns, *sums).where(kept, days).group_by(*columns))
    found: _Found = {}
    group, window = group_of(request.by, columns), window_of(request.windows, numbers, columns)
    ends = range(len(columns), len(columns) + len(sums), 2)
    for row in rows:
        costs = [joined_units(row[at], row[at + 1]) for at in ends]
        before = found.get(key := (window(row), group(row)))
        found[key] = costs if before is None else [*map(add, before, costs)]
    return found


def _groups(connection: Connection, request: AllocationsRequest, kept: ColumnElement[bool]) -> set[Group]:
    columns = columns_of(request.by)
    return set(map(group_of(request.by, columns), connection.execute(select(*columns).where(kept).distinct())))


def _sums(connection: Connection, basis: Basis, kept: ColumnElement[bool]) -> tuple[int, int]:
    """Return what all rows cost, and what of it is idle capacity."""
    row = connection.execute(select(*cost_sums(basis), *cost_sums(basis, rollup.c.team == IDLE)).where(kept)).one()
    return joined_units(row[0], row[1]), joined_units(row[2], row[3])


def _summed(found: _Found, basis: int) -> tuple[int, int]:
    idle = sum(costs[basis] for (_, group), costs in found.items() if group is None)
    return sum(costs[basis] for costs in found.values()), idle


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


def _sets(
    request: AllocationsRequest, numbers: range, found: _Found, groups: Iterable[Group]
) -> tuple[AllocationSet, ...]:
    """Return the sets of the windows of these numbers, named as one of all `groups` is."""
    taken = Counter(map(_joined, groups))
    sets: dict[int, list[Allocation]] = {number: [] for number in numbers}
    for (at, values), costs in found.items():
        sets[at].append(Allocation(_name(values, taken), request.by, values, tuple(costs)))
    windows = ((request.windows[number], each) for number, each in sets.items())
    return tuple(
        AllocationSet(window.start, window.end, tuple(sorted(each, key=itemgetter(0)))) for window, each in windows
    )


def _joined(values: tuple[str, ...] | None) -> str:
    return IDLE_NAME if values is None else "/".join(value or UNALLOCATED_NAME for value in values)


def _name(values: tuple[str, ...] | None, taken: Mapping[str, int]) -> str:
    """Return the values joined by slashes, or as a JSON list where slashes in them would make two names one."""
    joined = _joined(values)
    return joined if values is None or taken[joined] == 1 else json.dumps(values, ensure_ascii=False)
