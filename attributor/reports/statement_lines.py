"""The lines of a statement: what was charged to the owner itself, and what corrects closed months."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, func, select

from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.costs import BASES, IS_OWN, amounts, cost_sums

_ALONE = ("direct", "unattributed")
IS_SHARED = IS_OWN & ((rollup.c.shared_step != "") | rollup.c.method.not_in(_ALONE))
"""The condition that a rollup row is the owner's part of something that several bear."""


def is_shared(method: str, shared_step: str) -> bool:
    """Return whether what came by a method and step is the owner's part of something that several bear."""
    return bool(shared_step) or method not in _ALONE


@dataclass(frozen=True)
class Costs:
    """An amount in the three cost columns of FOCUS, exact."""

    effective: Decimal
    billed: Decimal
    list: Decimal


@dataclass(frozen=True)
class OwnLine:
    """What one service charged in one category (FOCUS ChargeCategory); `basis` is billed or estimated."""

    team: str
    cost_center: str
    service: str
    category: str
    basis: str
    costs: Costs


@dataclass(frozen=True)
class Weight:
    """What the owner was weighed by, of what all were: the month's sums of a metric, or the weights of the rule.

    `unit` is the metric, "" for plain weights; `pool` None is all pools that report it.
    """

    unit: str
    pool: str | None
    quantity: Decimal
    whole: Decimal


@dataclass(frozen=True)
class SharedLine:
    """The owner's part of what a rule split, or of what a shared team (`shared_step`) passed on, and why.

    `whole` is the effective cost of the month that was divided, over all owners; `share` is the part of it to six
    decimals, None where the whole is 0. `basis` says in words how it was divided, `weights` by how much of what.
    """

    team: str
    cost_center: str
    rule: str
    method: str
    shared_step: str
    idle_cause: str
    fallback: str
    costs: Costs
    whole: Decimal
    share: Decimal | None
    basis: str
    weights: tuple[Weight, ...]
    file: str
    line: int


@dataclass(frozen=True)
class CorrectionLine:
    """What came later of a closed month (`corrects`), from the first to the last of its days that were corrected."""

    team: str
    cost_center: str
    corrects: str
    service: str
    category: str
    first: date | None
    last: date | None
    costs: Costs


Line = TypeVar("Line", OwnLine, SharedLine, CorrectionLine)


def own_lines(connection: Connection, keep: ColumnElement[bool]) -> Mapping[str, tuple[OwnLine, ...]]:
    """Return the kept rows that nobody shares, by currency, the most expensive first."""
    table = rollup.c
    columns = (table.team, table.cost_center, table.service, table.category, table.basis)
    found = grouped(connection, columns, keep & IS_OWN & ~IS_SHARED)
    return by_currency((currency, OwnLine(**values, costs=costs)) for currency, values, costs in found)


def correction_lines(connection: Connection, keep: ColumnElement[bool]) -> Mapping[str, tuple[CorrectionLine, ...]]:
    """Return what corrects closed months among the kept rows, by currency, the most expensive first."""
    table = rollup.c
    columns = (table.team, table.cost_center, table.corrects, table.service, table.category)
    span = (func.min(table.corrected_day).label("first"), func.max(table.corrected_day).label("last"))
    found = grouped(connection, columns, keep & ~IS_OWN, span)
    return by_currency((currency, CorrectionLine(**values, costs=costs)) for currency, values, costs in found)


def grouped(
    connection: Connection,
    columns: Sequence[Column[Any]],
    keep: ColumnElement[bool],
    found: Sequence[ColumnElement[Any]] = (),
) -> list[tuple[str, dict[str, Any], Costs]]:
    """Return (currency, values by the names of the columns and of what is `found` in each group, costs)."""
    sums = [part for basis in BASES for part in cost_sums(basis)]
    query = select(rollup.c.currency, *columns, *found, *sums).where(keep).group_by(rollup.c.currency, *columns)
    names = [column.name for column in (*columns, *found)]
    end = 1 + len(names)
    return [
        (row[0], dict(zip(names, row[1:end], strict=True)), Costs(*amounts(row, end, len(BASES))))
        for row in connection.execute(query)
    ]


def by_currency(found: Iterable[tuple[str, Line]]) -> dict[str, tuple[Line, ...]]:
    """Sort lines by currency, the most expensive first; those that come to nothing in every column are left out."""
    lines: dict[str, list[Line]] = {}
    for currency, line in found:
        if line.costs.effective or line.costs.billed or line.costs.list:
            lines.setdefault(currency, []).append(line)
    return {currency: tuple(sorted(of, key=_order)) for currency, of in lines.items()}


def summed_costs(costs: Iterable[Costs]) -> Costs:
    """Add up costs of one currency, exactly."""
    found = list(costs)
    return Costs(*(total(getattr(each, basis) for each in found) for basis in BASES))


def _order(line: OwnLine | SharedLine | CorrectionLine) -> tuple[Decimal, str]:
    return line.costs.effective.copy_negate(), repr(line)
