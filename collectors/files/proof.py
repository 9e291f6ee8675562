"""The slow, strict second look at a delimited file whose lines and rows differ: it names what is wrong, or nothing.

Arrow reads fast and forgives: after a quote that is never closed it takes all that follows for one value. So a file
with odd quotes, or with more lines than rows, is read once more by Python's strict parser; embedded line breaks and
blank lines pass, swallowed rows do not.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import TextIO

from collectors.base import RowProblem
from collectors.problems import Problems


def prove_rows(text: TextIO, place: str, header: list[str], expected: int | None, problems: Problems) -> None:
    """Note every row of the wrong width or encoding, broken quoting, and a number of rows other than expected."""
    rows = 0
    before = len(problems)
    reader = csv.reader(text, strict=True)
    try:
        for row in _data_rows(reader):
            rows += 1
            _check_row(row, rows, place, header, problems)
    except csv.Error as error:
        problems.add(place, f"its quotes do not match: {error} (line {reader.line_num})", row=rows + 1)
        return
    if expected is not None and rows != expected and len(problems) == before:
        problems.add(place, f"has {rows} rows, but {expected} could be read; its quotes may not match")


def holds_foreign_bytes(text: str) -> bool:
    """Tell whether text that was decoded with surrogateescape holds bytes that are not of its encoding."""
    return not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text)


def _data_rows(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    rows = (row for row in reader if row)
    next(rows, None)
    return rows


def _check_row(row: list[str], number: int, place: str, header: list[str], problems: Problems) -> None:
    if len(row) != len(header):
        problems.add(place, f"has {len(row)} fields where the header has {len(header)}", row=number)
        return
    for name, value in zip(header, row, strict=True):
        if holds_foreign_bytes(value):
            shown = value.encode(errors="surrogateescape").decode("latin-1")
            message = "holds bytes that are not of the file's encoding; name it with encoding:"
            problems.add_value(RowProblem(place, number, name, shown, message))
