"""Control totals: what is stored against what the sources themselves said, in their files and answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import collected, control_sums, files_read
from attributor.money import plain, total
from attributor.reports.costs import BASES, COST_COLUMNS, Basis

_EXACT = Context(prec=200)
_Stored = Mapping[tuple[str, str, datetime | None], Mapping[Basis, Decimal]]


@dataclass(frozen=True)
class ControlAmounts:
    """One cost column: what the files say, in their own decimals; what rounding at reading added; what is stored."""

    written: Decimal
    rounded: Decimal
    stored: Decimal

    @property
    def difference(self) -> Decimal:
        """Stored less what it should be; 0 unless something was lost or made between reading and ledger."""
        return _EXACT.subtract(self.stored, _EXACT.add(self.written, self.rounded))


@dataclass(frozen=True)
class SourceControl:
    """One source and currency over all days of its last reading, whatever month they are of.

    `currency` is None where a file holds several: then the sums run over all of them. `kept` is the effective cost of
    stored days that the last reading did not have: their files are gone, and nothing holds them.
    """

    source: str
    currency: str | None
    files: int
    rows: int
    read_at: datetime
    bases: Mapping[Basis, ControlAmounts]
    kept: Decimal

    @property
    def difference(self) -> Decimal:
        """Return the effective cost's difference, or the first other one that is not 0."""
        found = [self.bases[basis].difference for basis in BASES if basis in self.bases]
        return next((difference for difference in found if difference), Decimal(0))


def source_controls(connection: Connection) -> tuple[SourceControl, ...]:
    """Return every source of charges that was read since it is known which days a reading had, by name."""
    stored = _stored(connection)
    known = {tuple(row) for row in connection.execute(_readings())}
    by_source: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(select(files_read).order_by(files_read.c.source, files_read.c.place)):
        if (row.source, row.read_at) in known:
            by_source.setdefault(row.source, []).append(row)
    return tuple(
        control for source, files in by_source.items() for control in _of_source(source, files, stored) if control.bases
    )


def control_document(control: SourceControl) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    return {
        "source": control.source,
        "currency": control.currency,
        "files": control.files,
        "rows": control.rows,
        "read_at": control.read_at.isoformat(),
        "bases": {
            basis: {
                "written": plain(found.written),
                "rounded": plain(found.rounded),
                "stored": plain(found.stored),
                "difference": plain(found.difference),
            }
            for basis, found in control.bases.items()
        },
        "difference": plain(control.difference),
        "kept": plain(control.kept),
    }


def _of_source(source: str, files: Sequence[Row[Any]], stored: _Stored) -> Iterable[SourceControl]:
    read_at: datetime = files[0].read_at
    own = {key: sums for key, sums in stored.items() if key[0] == source}
    mixed = any(row.currency is None and row.rows for row in files)
    found = {key[1] for key in own} | {row.currency for row in files if row.rows}
    currencies: set[str | None] = {None} if mixed else found
    for currency in sorted(currencies, key=str):
        members = [row for row in files if mixed or row.currency == currency]
        of_currency = [(key, sums) for key, sums in own.items() if mixed or key[1] == currency]
        there = [sums for key, sums in of_currency if key[2] == read_at]
        gone = [sums["effective"] for key, sums in of_currency if key[2] != read_at]
        yield SourceControl(
            source=source,
            currency=currency,
            files=len(members),
            rows=sum(row.rows for row in members),
            read_at=read_at,
            bases=_bases(members, there),
            kept=total(gone),
        )


def _bases(files: Collection[Row[Any]], stored: Collection[Mapping[Basis, Decimal]]) -> dict[Basis, ControlAmounts]:
    written = [orjson.loads(row.sums) for row in files if row.rows]
    rounded = [orjson.loads(row.rounded) for row in files if row.rows]
    return {
        basis: ControlAmounts(
            written=_sum(Decimal(sums[column]) for sums in written),
            rounded=_sum(Decimal(sums.get(column, "0")) for sums in rounded),
            stored=total(sums[basis] for sums in stored),
        )
        for basis, column in COST_COLUMNS.items()
        if all(column in sums for sums in written)
    }


def _stored(connection: Connection) -> dict[tuple[str, str, datetime | None], Mapping[Basis, Decimal]]:
    """Return what is stored by source, currency and the reading that last had the day."""
    keys = (control_sums.c.source, control_sums.c.currency, collected.c.read_at)
    sums = [column for basis in BASES for column in money_sums(control_sums, basis)]
    same_day = (collected.c.source == control_sums.c.source) & (collected.c.day == control_sums.c.day)
    query = select(*keys, *sums).join(collected, same_day & (collected.c.table_name == "charges")).group_by(*keys)
    return {
        (row[0], row[1], row[2]): {
            basis: joined(row[at], row[at + 1]) for basis, at in zip(BASES, (3, 5, 7), strict=True)
        }
        for row in connection.execute(query)
    }


def _readings() -> Select[tuple[Any, ...]]:
    of_charges = select(collected.c.source, collected.c.read_at).where(collected.c.table_name == "charges")
    return of_charges.where(collected.c.read_at.is_not(None)).distinct()


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    found = Decimal(0)
    for amount in amounts:
        found = _EXACT.add(found, amount)
    return found
