"""Showback: what each team, service, project … cost in a month; the rows sum exactly to the total."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Row, and_, select

from attributor.ledger.tables import rollup
from attributor.money import from_units, plain, to_units, total
from attributor.periods import Month
from attributor.reports.costs import (
    DIMENSIONS,
    Basis,
    SeveralCurrenciesError,
    amounts,
    cost_sums,
    dimensions_of,
    within,
)

PeriodBy = Literal["charge", "billing"]


@dataclass(frozen=True)
class ShowbackRequest:
    """What is asked: a UTC month, the cost basis, what to group by, and what to keep to.

    `by` holds words of `costs.DIMENSIONS` and configured dimensions. `period_by` "billing" takes the charges of the
    month's invoices instead of the charges of its days. `currency` keeps to one currency where there are several.
    """

    period: Month
    basis: Basis = "effective"
    by: tuple[str, ...] = ("team",)
    team: str | None = None
    period_by: PeriodBy = "charge"
    currency: str | None = None


@dataclass(frozen=True)
class ShowbackRow:
    """One group: its values in the order of `Showback.by`, and what it cost."""

    values: tuple[str, ...]
    cost: Decimal


@dataclass(frozen=True)
class Showback:
    """A month's costs by group, the most expensive first; `currency` is "" where there was no charge."""

    period: Month
    basis: Basis
    currency: str
    by: tuple[str, ...]
    total: Decimal
    rows: tuple[ShowbackRow, ...]


def showback(engine: Engine, request: ShowbackRequest) -> Showback:
    """Sum the published allocations of a month; raise SeveralCurrenciesError where they have no single total."""
    columns = list(dict.fromkeys(DIMENSIONS.get(name, rollup.c.dimensions) for name in request.by))
    query = select(*columns, rollup.c.currency, *cost_sums(request.basis)).where(_condition(request))
    with engine.connect() as connection:
        found = connection.execute(query.group_by(*columns, rollup.c.currency)).all()
    currencies = tuple(sorted({row.currency for row in found}))
    if len(currencies) > 1:
        raise SeveralCurrenciesError(currencies)
    count = len(columns)
    sums: dict[tuple[str, ...], int] = {}
    for row in found:
        values = _values(request.by, row)
        sums[values] = sums.get(values, 0) + to_units(*amounts(row, count + 1))
    rows = [ShowbackRow(values, from_units(cost)) for values, cost in sums.items()]
    rows.sort(key=lambda row: (row.cost.copy_negate(), row.values))
    return Showback(
        period=request.period,
        basis=request.basis,
        currency=currencies[0] if currencies else request.currency or "",
        by=request.by,
        total=total(row.cost for row in rows),
        rows=tuple(rows),
    )


def showback_document(report: Showback) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    return {
        "period": str(report.period),
        "currency": report.currency or None,
        "basis": report.basis,
        "total": plain(report.total),
        "rows": [{**dict(zip(report.by, row.values, strict=True)), "cost": plain(row.cost)} for row in report.rows],
    }


def _condition(request: ShowbackRequest) -> ColumnElement[bool]:
    if request.period_by == "billing":
        conditions = [rollup.c.billing_month == str(request.period)]
    else:
        conditions = [within(request.period.first, request.period.end)]
    if request.team is not None:
        conditions.append(rollup.c.team == request.team)
    if request.currency is not None:
        conditions.append(rollup.c.currency == request.currency)
    return and_(*conditions)


def _values(by: tuple[str, ...], row: Row[*tuple[Any, ...]]) -> tuple[str, ...]:
    """Return a row's group; the configured dimensions, which are no columns, stand together in one."""
    return tuple(
        _text(row._mapping[DIMENSIONS[name]]) if name in DIMENSIONS else dimensions_of(row.dimensions).get(name, "")
        for name in by
    )


def _text(value: str | date) -> str:
    return value if isinstance(value, str) else value.isoformat()
