"""Lines of JSON (NDJSON), plain or gzip, into blocks; every value stays text as it was written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from collectors.base import RowProblem
from collectors.files.block import NULL_WORDS, Block, Chooser
from collectors.files.streams import UNREADABLE, open_bytes, why_unreadable
from collectors.problems import Problems

_BLOCK_ROWS = 10_000
_Row = dict[str, str | None]


def read_lines(path: Path, place: str, choose: Chooser, problems: Problems) -> Iterator[Block]:
    """Yield the blocks of one file of JSON objects, one a line; blank lines are passed over.

    Broken lines go to `problems`. Raises UnreadableError where the columns are not right.
    """
    first_row = 1
    try:
        with open_bytes(path) as source:
            for rows in _chunks(source, place, problems):
                if _Row() not in rows:  # a broken line is told already, and would be told again as empty
                    yield _block(place, first_row, rows, choose)
                first_row += len(rows)
    except UNREADABLE as error:
        problems.add(place, why_unreadable(error))


def _chunks(source: IO[bytes], place: str, problems: Problems) -> Iterator[list[_Row]]:
    rows: list[_Row] = []
    number = 0
    for line in source:
        if not line.strip():
            continue
        number += 1
        rows.append(_row_of(line, place, number, problems))
        if len(rows) == _BLOCK_ROWS:
            yield rows
            rows = []
    if rows:
        yield rows


def _block(place: str, first_row: int, rows: list[_Row], choose: Chooser) -> Block:
    names = list(dict.fromkeys(name for row in rows for name in row))
    chosen = choose(names)
    columns = {chosen[name]: pa.array([row.get(name) for row in rows], pa.string()) for name in chosen}
    return Block(place, first_row, len(rows), columns)


def _row_of(line: bytes, place: str, number: int, problems: Problems) -> _Row:
    """Read one line; a broken one is noted and stands as a row without values."""
    try:
        read = json.loads(line, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        shown = line.decode(errors="replace").strip()
        problems.add_value(RowProblem(place, number, None, shown, f"is not JSON: {error}"))
        return {}
    if not isinstance(read, dict):
        problems.add(place, "is not a JSON object", row=number)
        return {}
    return {name: _text_of(name, value, place, number, problems) for name, value in read.items()}


def _text_of(name: str, value: object, place: str, number: int, problems: Problems) -> str | None:
    if value is None or value in NULL_WORDS:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    problems.add_value(RowProblem(place, number, name, json.dumps(value), "is not a plain value"))
    return None
