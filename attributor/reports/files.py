"""What the files of a source summed to as their provider wrote them, beside what is stored of that source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

import orjson
from sqlalchemy import Connection, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import control_sums, files_read
from attributor.money import plain
from attributor.reports.costs import BASES

_EXACT = Context(prec=200)
_COST_COLUMNS = {"effective": "EffectiveCost", "billed": "BilledCost", "list": "ListCost"}


@dataclass
class _Running:
    files: int = 0
    rows: int = 0
    written: dict[str, Decimal] = field(default_factory=dict)
    rounded: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class FileTotals:
    """All files of one source and currency, whatever month their charges are of.

    `written` is by cost column in the files' own decimals; `rounded` is stored less written; `stored` is what the
    collected days sum to. Where no day stands in two files, written + rounded = stored.
    """

    files: int
    rows: int
    written: Mapping[str, Decimal]
    rounded: Mapping[str, Decimal]
    stored: Mapping[str, Decimal]


def file_totals(connection: Connection) -> dict[tuple[str, str], FileTotals]:
    """Return the totals by source and currency; sources that read no files are absent."""
    running: dict[tuple[str, str], _Running] = {}
    for row in connection.execute(select(files_read).where(files_read.c.currency.is_not(None))):
        found = running.setdefault((row.source, row.currency), _Running())
        found.files += 1
        found.rows += row.rows
        _add(found.written, row.sums)
        _add(found.rounded, row.rounded)
    stored = _stored(connection) if running else {}
    return {
        key: FileTotals(found.files, found.rows, found.written, found.rounded, stored.get(key, {}))
        for key, found in running.items()
    }


def file_totals_document(totals: FileTotals) -> dict[str, Any]:
    """Return the JSON document; amounts are decimal strings."""
    return {
        "files": totals.files,
        "rows": totals.rows,
        "written": {column: plain(amount) for column, amount in totals.written.items()},
        "rounded": {column: plain(amount) for column, amount in totals.rounded.items()},
        "stored": {column: plain(amount) for column, amount in totals.stored.items()},
    }


def _add(sums: dict[str, Decimal], text: str) -> None:
    for column, amount in orjson.loads(text).items():
        sums[column] = _EXACT.add(sums.get(column, Decimal(0)), Decimal(amount))


def _stored(connection: Connection) -> dict[tuple[str, str], dict[str, Decimal]]:
    keys = (control_sums.c.source, control_sums.c.currency)
    sums = [column for basis in BASES for column in money_sums(control_sums, basis)]
    return {
        (row[0], row[1]): {
            _COST_COLUMNS[basis]: joined(row[at], row[at + 1]) for basis, at in zip(BASES, (2, 4, 6), strict=True)
        }
        for row in connection.execute(select(*keys, *sums).group_by(*keys))
    }
