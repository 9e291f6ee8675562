"""Comma-separated text, plain or gzip, streamed by Arrow into blocks; every value stays text."""

import csv
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from collectors.files.ahead import ahead
from collectors.files.block import NULL_WORDS, Block, Chooser, UnreadableError
from collectors.files.proof import holds_foreign_bytes, prove_rows
from collectors.files.streams import UNREADABLE, StreamCounts, Utf8Stream, open_bytes, open_text, why_unreadable
from collectors.problems import Problems

_PARSED_BYTES = 1 << 20
"""What Arrow parses at once: small enough for the caches, larger than any row."""

_BLOCK_ROWS = 16_384


@dataclass(frozen=True)
class TextFile:
    """A delimited file: where it lies here, how people know it, and its encoding."""

    path: Path
    place: str
    encoding: str


def read_delimited(file: TextFile, choose: Chooser, problems: Problems) -> Iterator[Block]:
    """Yield the blocks of one file; what is wrong with the file itself goes to `problems` and ends it.

    Raises UnreadableError where the columns are not right. A row of the wrong width, a quote that is never closed,
    bytes that are not of the encoding, and a truncated gzip file are problems.
    """
    header = _header(file, problems)
    if header is None:
        return
    chosen = choose(header)
    doubled = [name for name in chosen if header.count(name) > 1]
    if doubled:
        raise UnreadableError(f"the column {doubled[0]!r} comes twice")
    before = len(problems)
    rows = 0
    counts = StreamCounts()
    refused = _RefusedRows()
    try:
        with closing(ahead(_batches(file, chosen, counts, refused))) as batches:
            for batch in batches:
                yield Block(file.place, rows + 1, batch.num_rows, {chosen[name]: batch.column(name) for name in chosen})
                rows += batch.num_rows
    except (pa.ArrowInvalid, *UNREADABLE) as error:
        _prove(file, header, None, problems)
        if len(problems) == before:
            problems.add(file.place, why_unreadable(error))
        return
    if refused.count or counts.odd_quotes or counts.lines != rows + 1:
        _prove(file, header, None if refused.count else rows, problems)


class _RefusedRows:
    """Counts the rows that are not as wide as the header."""

    def __init__(self) -> None:
        self.count = 0

    def skip(self, _row: Any) -> str:
        self.count += 1
        return "skip"


def _batches(
    file: TextFile, chosen: Mapping[str, str], counts: StreamCounts, refused: _RefusedRows
) -> Generator[pa.RecordBatch]:
    """Stream the chosen columns; end at the first refused row, after which rows could not be numbered."""
    with (
        open_bytes(file.path) as source,
        pyarrow.csv.open_csv(
            pa.PythonFile(Utf8Stream(source, file.encoding, counts), mode="r"),
            read_options=pyarrow.csv.ReadOptions(block_size=_PARSED_BYTES, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refused.skip),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(chosen),
                column_types=dict.fromkeys(chosen, pa.string()),
                null_values=list(NULL_WORDS),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        ) as reader,
    ):
        gathered: list[pa.RecordBatch] = []
        for batch in reader:
            if refused.count:
                return
            gathered.append(batch)
            if sum(one.num_rows for one in gathered) >= _BLOCK_ROWS:
                yield pa.concat_batches(gathered)
                gathered = []
        if gathered:
            yield pa.concat_batches(gathered)


def _header(file: TextFile, problems: Problems) -> list[str] | None:
    """Return the column names, or note why there are none."""
    try:
        with open_text(file.path, file.encoding, errors="surrogateescape") as text:
            header = next((row for row in csv.reader(text) if row), None)
    except UNREADABLE as error:
        problems.add(file.place, why_unreadable(error))
        return None
    if header is None:
        problems.add(file.place, "is empty: it has not even a header")
    elif holds_foreign_bytes("".join(header)):
        problems.add(file.place, f"is no {file.encoding} text; name its encoding with encoding:")
    else:
        return header
    return None


def _prove(file: TextFile, header: list[str], rows: int | None, problems: Problems) -> None:
    try:
        with open_text(file.path, file.encoding, errors="surrogateescape") as text:
            prove_rows(text, file.place, header, rows, problems)
    except UNREADABLE as error:
        problems.add(file.place, why_unreadable(error))
