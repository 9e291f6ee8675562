"""Cells of CSV and XLSX files that no spreadsheet can take for a formula."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, the wide forms that East Asian spreadsheets take for it among them."""
_LEFT_OUT = "\ufeff\u200b\u200c\u200d\u2060"
"""Characters without a width, which some programs drop before they look at a cell, as they do with spaces."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def neutral(cell: object) -> object:
    """Return the cell so that no spreadsheet runs it; numbers, negative ones too, stay numbers."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    is_formula = cell.startswith(_BEGIN_FORMULAS) or _seen(cell).startswith(_BEGIN_FORMULAS)
    return f"'{cell}" if is_formula else cell


def _seen(cell: str) -> str:
    """Return a cell as a program sees it that drops what has no ink before its text."""
    kept = cell.lstrip()
    while kept[:1] and kept[0] in _LEFT_OUT:
        kept = kept.lstrip(_LEFT_OUT).lstrip()
    return kept


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with a header as CSV; an absent value is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([neutral(column) for column in columns])
    writer.writerows([[neutral(row.get(column, "")) for column in columns] for row in rows])
    return buffer.getvalue()
