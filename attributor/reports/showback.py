"""Showback: what each team, service, project … cost in a month; the rows sum exactly to the total."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, select

from attributor.ledger.tables import rollup
from attributor.money import from_units, plain, to_units, total
from attributor.periods import Period, month_of
from attributor.reports.allocations.filters import Filter, filter_condition
from attributor.reports.allocations.windows import Window
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
    """What is asked: a UTC month or any other period, the cost basis, what to group by, and what to keep to.

    `by` holds words of `costs.DIMENSIONS` and configured dimensions. `period_by` "billing" takes the charges of the
    invoices of the period's months instead of the charges of its days. `currency` keeps to one where there are several.
    `window` is days that stand in for the month; `filter` is what charges must meet.
    """

    period: Period
    basis: Basis = "effective"
    by: tuple[str, ...] = ("team",)
    team: str | None = None
    period_by: PeriodBy = "charge"
    currency: str | None = None
    window: Window | None = None
    filter: Filter | None = None

    @property
    def days(self) -> tuple[date, date]:
        """The UTC days [start, end) that are asked for."""
        return (self.window.start, self.window.end) if self.window else (self.period.first, self.period.end)


@dataclass(frozen=True)
class ShowbackRow:
    """One group: its values in the order of `Showback.by`, and what it cost."""

    values: tuple[str, ...]
    cost: Decimal


@dataclass(frozen=True)
class Showback:
    """A period's costs by group, the most expensive first; `currency` is "" where there was no charge."""

    period: Period
    basis: Basis
    currency: str
    by: tuple[str, ...]
    total: Decimal
    rows: tuple[ShowbackRow, ...]


def showback(engine: Engine, request: ShowbackRequest) -> Showback:
    """Sum the published allocations of a period; raise SeveralCurrenciesError where they have no single total.

    Raises ValueError for invoices of what is no whole months.
    """
    columns = list(dict.fromkeys(DIMENSIONS.get(name, rollup.c.dimensions) for name in request.by))
    with engine.connect() as connection:
        condition = _condition(connection, request)
        query = select(*columns, rollup.c.currency, *cost_sums(request.basis)).where(condition)
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


def _condition(connection: Connection, request: ShowbackRequest) -> ColumnElement[bool]:
    by_invoice = request.period_by == "billing"
    months = rollup.c.billing_month.in_(_invoice_months(request.period)) if by_invoice else None
    conditions = [within(*request.days) if months is None else months]
    if request.team is not None:
        conditions.append(rollup.c.team == request.team)
    if request.currency is not None:
        conditions.append(rollup.c.currency == request.currency)
    if request.filter is not None:
        conditions.append(filter_condition(connection, request.filter, conditions))
    return and_(*conditions)


def _invoice_months(period: Period) -> list[str]:
    month, found = month_of(period.first), list[str]()
    while month.first < period.end:
        found.append(str(month))
        month = month.plus(1)
    if (period.first.day, period.end.day) != (1, 1):
        raise ValueError(f"invoices are of whole months, and {period} is not")
    return found


def _values(by: tuple[str, ...], row: Row[*tuple[Any, ...]]) -> tuple[str, ...]:
    """Return a row's group; the configured dimensions, which are no columns, stand together in one."""
    return tuple(
        _text(row._mapping[DIMENSIONS[name]]) if name in DIMENSIONS else dimensions_of(row.dimensions).get(name, "")
        for name in by
    )


def _text(value: str | date) -> str:
    return value if isinstance(value, str) else value.isoformat()
