"""Langfuse's export files as records: CSV, JSON, JSONL and Parquet, plain or gzip; only the fields that are wanted."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from collectors.files.columnar import read_columnar
from collectors.files.delimited import TextFile, read_delimited
from collectors.files.streams import UNREADABLE, open_text, why_unreadable
from collectors.problems import Problems

Record = tuple[int, Mapping[str, Any]]
"""The number of a record in its file, from 1, and its fields under the names that were chosen."""

Choose = Callable[[list[str]], Mapping[str, str]]
"""Takes the names of a file's, or a record's, fields and returns those to read, each with the name it gets."""

SUFFIXES = (".csv", ".csv.gz", ".json", ".json.gz", ".jsonl", ".jsonl.gz", ".parquet")
_CHUNK = 1 << 20
_BLANKS = {"": re.compile(r"[ \t\r\n]*"), ",": re.compile(r"[ \t\r\n,]*")}


def read_records(path: Path, place: str, choose: Choose, problems: Problems) -> Iterator[Record]:
    """Yield the records of one file; what is wrong with the file itself goes to `problems` and ends it.

    Raises UnreadableError where the columns of a CSV or Parquet file are not right.
    """
    name = place.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        yield from _of_blocks(read_delimited(TextFile(path, place, "utf-8"), choose, problems))
    elif name.endswith(".parquet"):
        yield from _of_blocks(read_columnar(path, place, choose, problems))
    else:
        yield from _of_json(path, place, choose, problems)


def _of_blocks(blocks: Iterator[Any]) -> Iterator[Record]:
    for block in blocks:
        names, columns = list(block.columns), [column.to_pylist() for column in block.columns.values()]
        for offset in range(block.rows):
            yield block.first_row + offset, {name: column[offset] for name, column in zip(names, columns, strict=True)}


def _of_json(path: Path, place: str, choose: Choose, problems: Problems) -> Iterator[Record]:
    number = 0
    try:
        with open_text(path, "utf-8") as text:
            for number, found in enumerate(_values(text), 1):
                if isinstance(found, dict):
                    chosen = choose(list(found))
                    yield number, {ours: found[theirs] for theirs, ours in chosen.items()}
                else:
                    problems.add(place, "is not a JSON object", row=number)
    except UNREADABLE as error:
        problems.add(place, why_unreadable(error))
    except (ValueError, RecursionError) as error:
        problems.add(place, f"is not JSON, or ends too early: {error}", row=number + 1)


def _values(text: TextIO) -> Iterator[Any]:
    """Yield the values of a JSON list, or those that follow each other, one a line or not; at most one is in memory.

    Raises ValueError where what is left is no value, or a list is not closed.
    """
    held = _Held(text)
    is_list = held.starts_with("[")
    while not (is_list and held.starts_with("]")):
        if not held.skip(","):
            if is_list:
                raise ValueError("its list is not closed")
            return
        yield held.value()
    if held.skip(""):
        raise ValueError("there is more after the list")


class _Held:
    """What is read of a text and not yet used."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._decoder = json.JSONDecoder(parse_float=Decimal)
        self._held, self._at, self._ended = "", 0, False

    def skip(self, also: str) -> bool:
        """Pass over blanks and commas; tell whether there is anything left."""
        while True:
            found = _BLANKS[also].match(self._held, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._held):
                return True
            if self._ended:
                return False
            self._read()

    def starts_with(self, sign: str) -> bool:
        """Tell whether a sign comes next, and pass over it."""
        if not self.skip("," if sign == "]" else "") or self._held[self._at] != sign:
            return False
        self._at += 1
        return True

    def value(self) -> Any:
        """Return the next value; raise ValueError where there is none, or only its beginning."""
        size = _CHUNK
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self._at)
            except json.JSONDecodeError:
                if self._ended:
                    raise
            else:
                if end < len(self._held) or self._ended:
                    self._at = end
                    return value
            self._read(size)
            size *= 2

    def _read(self, size: int = _CHUNK) -> None:
        more = self._text.read(size)
        self._held, self._at, self._ended = self._held[self._at :] + more, 0, not more
