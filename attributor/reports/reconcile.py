"""Reconcile: what was charged against what was allocated, by source, to the last unit, in all three cost columns.

What came later of a closed month was posted as corrections in another one: they count where they correct.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, select

from attributor.ledger.corrections import posting_days
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.statements import closed_in
from attributor.ledger.tables import control_sums, rollup
from attributor.money import from_units, plain, to_units, total
from attributor.periods import Month
from attributor.reports.controls import SourceControl, control_document, source_controls
from attributor.reports.costs import BASES, IS_OWN, Basis
from attributor.reports.files import FileTotals, file_totals, file_totals_document
from attributor.reports.invoices import InvoiceControl, invoice_document
from attributor.reports.variance import VarianceLine, variance_lines
from rules.schema import ESTIMATES

_Key = tuple[str, str, date]
_Sums = Mapping[Basis, Decimal]


@dataclass(frozen=True)
class BasisLine:
    """One cost column of one source: the charges that were stored, and what was allocated of them.

    That is what is published of the month's own days (of a closed month the `statement`) and its later `corrections`.
    """

    charges: Decimal
    statement: Decimal
    corrections: Decimal

    @property
    def allocated(self) -> Decimal:
        """What was allocated of the charges."""
        return total((self.statement, self.corrections))

    @property
    def difference(self) -> Decimal:
        """Charges less allocated, exactly."""
        return _less(self.charges, self.allocated)


@dataclass(frozen=True)
class DayDifference:
    """A UTC day whose charges and allocations differ in one cost column."""

    day: date
    basis: Basis
    difference: Decimal


@dataclass(frozen=True)
class SourceLine:
    """One source and currency. `days` are those that differ; `files` is what was read of the source as a whole.

    `estimates` are what a source of estimates is made of: what is estimated, less what is held back of the bill.
    """

    source: str
    currency: str
    bases: Mapping[Basis, BasisLine]
    days: tuple[DayDifference, ...]
    files: FileTotals | None
    estimates: VarianceLine | None = None

    @property
    def difference(self) -> Decimal:
        """Return the effective cost's difference, or the first other one: 0 only where no day differs in any column."""
        others = (line.difference for line in self.bases.values())
        by_day = (day.difference for day in self.days)
        return next((found for found in (self.bases["effective"].difference, *others, *by_day) if found), Decimal(0))


@dataclass(frozen=True)
class Reconciliation:
    """A month, source by source; and what the sources said of themselves, in their files and on their invoices.

    `is_closed`: the month has a statement.
    """

    period: Month
    sources: tuple[SourceLine, ...]
    is_closed: bool
    controls: tuple[SourceControl, ...] = ()
    invoices: tuple[InvoiceControl, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether nothing differs: charges and allocations, stored and read, stored and invoiced."""
        controls_agree = not any(control.difference for control in self.controls)
        return not self.difference and controls_agree and all(invoice.is_within for invoice in self.invoices)

    @property
    def difference(self) -> Decimal:
        """The sum of the differences, or of their absolute values where they would cancel; 0 only where none is."""
        differences = [source.difference for source in self.sources]
        return total(differences) or total(difference.copy_abs() for difference in differences)


def reconcile(engine: Engine, period: Month, invoices: tuple[InvoiceControl, ...] = ()) -> Reconciliation:
    """Compare the control sums of collected days with the published rollup; days not yet published differ.

    Beside them stand what is stored of each source against its files, and the month's invoices as they are given.
    """
    with engine.connect() as connection:
        is_closed = period in closed_in(connection)
        found = _Found(
            charges=_by_day(connection, control_sums, control_sums.c.day, _within(control_sums, period)),
            statement=_by_day(connection, rollup, rollup.c.day, _within(rollup, period) & IS_OWN),
            corrections=_by_day(connection, rollup, rollup.c.corrected_day, _corrects(connection, period)),
        )
        files = file_totals(connection)
        controls = source_controls(connection)
        estimated = variance_lines(connection, period, ("source",)).get("estimated", ())
    by_source = {(f"{line.values[0]}{ESTIMATES}", line.currency): line for line in estimated}
    sources = sorted({key[:2] for key in found.keys})
    lines = (replace(_line(*key, found, files.get(key)), estimates=by_source.get(key)) for key in sources)
    return Reconciliation(period, tuple(lines), is_closed, controls, invoices)


def reconcile_document(report: Reconciliation) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    return {
        "period": str(report.period),
        "sources": [_source_document(line, closed=report.is_closed) for line in report.sources],
        "difference": plain(report.difference),
        "controls": [control_document(control) for control in report.controls],
        "invoices": [invoice_document(invoice) for invoice in report.invoices],
    }


@dataclass(frozen=True)
class _Found:
    """Sums by source, currency and the day that they are of."""

    charges: Mapping[_Key, _Sums]
    statement: Mapping[_Key, _Sums]
    corrections: Mapping[_Key, _Sums]

    @property
    def keys(self) -> set[_Key]:
        """What anything is known of."""
        return {*self.charges, *self.statement, *self.corrections}


def _within(table: Table, period: Month) -> ColumnElement[bool]:
    return (table.c.day >= period.first) & (table.c.day < period.end)


def _corrects(connection: Connection, period: Month) -> ColumnElement[bool]:
    return rollup.c.day.in_(posting_days(connection, period)) & (rollup.c.corrects == str(period))


def _by_day(
    connection: Connection, table: Table, day: ColumnElement[date], condition: ColumnElement[bool]
) -> dict[_Key, _Sums]:
    keys = (table.c.source, table.c.currency, day)
    sums = [column for basis in BASES for column in money_sums(table, basis)]
    return {
        (row[0], row[1], row[2]): {
            basis: joined(row[at], row[at + 1]) for basis, at in zip(BASES, (3, 5, 7), strict=True)
        }
        for row in connection.execute(select(*keys, *sums).where(condition).group_by(*keys))
    }


def _line(source: str, currency: str, found: _Found, files: FileTotals | None) -> SourceLine:
    keys = sorted(key for key in found.keys if key[:2] == (source, currency))
    days = tuple(
        DayDifference(key[2], basis, difference)
        for key in keys
        for basis in BASES
        if (difference := _basis_line(found, (key,), basis).difference)
    )
    return SourceLine(source, currency, {basis: _basis_line(found, keys, basis) for basis in BASES}, days, files)


def _basis_line(found: _Found, keys: Sequence[_Key], basis: Basis) -> BasisLine:
    parts = (found.charges, found.statement, found.corrections)
    return BasisLine(*(_total(part, keys, basis) for part in parts))


def _total(sums: Mapping[_Key, _Sums], keys: Iterable[_Key], basis: Basis) -> Decimal:
    return total(sums[key][basis] for key in keys if key in sums)


def _less(left: Decimal, right: Decimal) -> Decimal:
    return from_units(to_units(left) - to_units(right))


def _source_document(line: SourceLine, *, closed: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "source": line.source,
        "currency": line.currency,
        **_basis_document(line.bases["effective"], closed=closed),
        "difference": plain(line.difference),
        "bases": {basis: _basis_document(found, closed=closed) for basis, found in line.bases.items()},
        "days": [
            {"day": day.day.isoformat(), "basis": day.basis, "difference": plain(day.difference)} for day in line.days
        ],
    }
    if line.estimates is not None:
        document["estimated"] = plain(line.estimates.estimated)
        document["held_back"] = plain(line.estimates.billed)
    if line.files is not None:
        document["files"] = file_totals_document(line.files)
    return document


def _basis_document(line: BasisLine, *, closed: bool) -> dict[str, str]:
    parts = {"statement": plain(line.statement), "corrections": plain(line.corrections)} if closed else {}
    return {
        "charges": plain(line.charges),
        **parts,
        "allocated": plain(line.allocated),
        "difference": plain(line.difference),
    }
