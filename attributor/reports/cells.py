"""Cells of CSV and XLSX files that no spreadsheet can take for a formula."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, the wide forms that East Asian spreadsheets take for it among them."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def neutral(cell: object) -> object:
    """Return the cell so that no spreadsheet runs it; numbers, negative ones too, stay numbers."""
    if not isinstance(cell, str) or not cell.startswith(_BEGIN_FORMULAS):
        return cell
    return cell if _NUMBER.fullmatch(cell) else f"'{cell}"


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with a header as CSV; an absent value is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([neutral(column) for column in columns])
    writer.writerows([[neutral(row.get(column, "")) for column in columns] for row in rows])
    return buffer.getvalue()
