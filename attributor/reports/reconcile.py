"""Reconcile: what was charged against what was allocated, by source, to the last unit, in all three cost columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import control_sums, rollup
from attributor.money import from_units, plain, to_units, total
from attributor.periods import Month
from attributor.reports.costs import BASES, Basis
from attributor.reports.files import FileTotals, file_totals, file_totals_document

_Key = tuple[str, str, date]
_Sums = Mapping[Basis, Decimal]
_NOTHING: _Sums = dict.fromkeys(BASES, Decimal(0))


@dataclass(frozen=True)
class BasisLine:
    """One cost column of one source: the charges that were stored, and what was allocated of them."""

    charges: Decimal
    allocated: Decimal

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
    """One source and currency. `days` are those that differ; `files` is what was read of the source as a whole."""

    source: str
    currency: str
    bases: Mapping[Basis, BasisLine]
    days: tuple[DayDifference, ...]
    files: FileTotals | None

    @property
    def difference(self) -> Decimal:
        """Return the effective cost's difference, or the first other one: 0 only where no day differs in any column."""
        others = (line.difference for line in self.bases.values())
        by_day = (day.difference for day in self.days)
        return next((found for found in (self.bases["effective"].difference, *others, *by_day) if found), Decimal(0))


@dataclass(frozen=True)
class Reconciliation:
    """A month, source by source."""

    period: Month
    sources: tuple[SourceLine, ...]

    @property
    def difference(self) -> Decimal:
        """The sum of the differences, or of their absolute values where they would cancel; 0 only where none is."""
        differences = [source.difference for source in self.sources]
        return total(differences) or total(difference.copy_abs() for difference in differences)


def reconcile(engine: Engine, period: Month) -> Reconciliation:
    """Compare the control sums of collected days with the published rollup; days not yet published differ."""
    with engine.connect() as connection:
        charges = _by_day(connection, control_sums, period)
        allocated = _by_day(connection, rollup, period)
        files = file_totals(connection)
    sources = sorted({key[:2] for key in (*charges, *allocated)})
    return Reconciliation(
        period,
        tuple(
            _line(source, currency, charges, allocated, files.get((source, currency))) for source, currency in sources
        ),
    )


def reconcile_document(report: Reconciliation) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    return {
        "period": str(report.period),
        "sources": [_source_document(line) for line in report.sources],
        "difference": plain(report.difference),
    }


def _by_day(connection: Connection, table: Table, period: Month) -> dict[_Key, _Sums]:
    keys = (table.c.source, table.c.currency, table.c.day)
    sums = [column for basis in BASES for column in money_sums(table, basis)]
    query = select(*keys, *sums).where(table.c.day >= period.first, table.c.day < period.end).group_by(*keys)
    return {
        (row[0], row[1], row[2]): {
            basis: joined(row[at], row[at + 1]) for basis, at in zip(BASES, (3, 5, 7), strict=True)
        }
        for row in connection.execute(query)
    }


def _line(
    source: str,
    currency: str,
    charges: Mapping[_Key, _Sums],
    allocated: Mapping[_Key, _Sums],
    files: FileTotals | None,
) -> SourceLine:
    keys = sorted(key for key in {*charges, *allocated} if key[:2] == (source, currency))
    bases = {basis: BasisLine(_total(charges, keys, basis), _total(allocated, keys, basis)) for basis in BASES}
    days = tuple(
        DayDifference(key[2], basis, difference)
        for key in keys
        for basis in BASES
        if (difference := _less(charges.get(key, _NOTHING)[basis], allocated.get(key, _NOTHING)[basis]))
    )
    return SourceLine(source, currency, bases, days, files)


def _total(sums: Mapping[_Key, _Sums], keys: Iterable[_Key], basis: Basis) -> Decimal:
    return total(sums[key][basis] for key in keys if key in sums)


def _less(left: Decimal, right: Decimal) -> Decimal:
    return from_units(to_units(left) - to_units(right))


def _source_document(line: SourceLine) -> dict[str, Any]:
    effective = line.bases["effective"]
    document: dict[str, Any] = {
        "source": line.source,
        "currency": line.currency,
        "charges": plain(effective.charges),
        "allocated": plain(effective.allocated),
        "difference": plain(line.difference),
        "bases": {
            basis: {
                "charges": plain(found.charges),
                "allocated": plain(found.allocated),
                "difference": plain(found.difference),
            }
            for basis, found in line.bases.items()
        },
        "days": [
            {"day": day.day.isoformat(), "basis": day.basis, "difference": plain(day.difference)} for day in line.days
        ],
    }
    if line.files is not None:
        document["files"] = file_totals_document(line.files)
    return document
