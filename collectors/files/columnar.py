"""Parquet, streamed into blocks: plain types as text, instants and key-value types as they are."""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from collectors.files.ahead import ahead
from collectors.files.block import NULL_WORDS, Block, Chooser, UnreadableError
from collectors.problems import Problems

_BATCH_ROWS = 16_384


def read_columnar(path: Path, place: str, choose: Chooser, problems: Problems) -> Iterator[Block]:
    """Yield the blocks of one Parquet file; damage goes to `problems` and ends it.

    Numbers become the shortest decimal text that reads back as the same number, so a double 0.1 is "0.1". Raises
    UnreadableError where the columns are not right.
    """
    rows = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            chosen = choose(_unique(file.schema_arrow.names))
            with closing(ahead(_batches(file, list(chosen)))) as batches:
                for batch in batches:
                    columns = {chosen[name]: batch.column(name) for name in chosen}
                    yield Block(place, rows + 1, batch.num_rows, columns)
                    rows += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        problems.add(place, f"is no readable Parquet file: {error}")


def _batches(file: pyarrow.parquet.ParquetFile, names: list[str]) -> Generator[pa.RecordBatch]:
    for batch in file.iter_batches(_BATCH_ROWS, columns=names):
        yield pa.record_batch({name: _readable(batch.column(name), name) for name in names})


def _unique(names: list[str]) -> list[str]:
    for name in names:
        if names.count(name) > 1:
            raise UnreadableError(f"the column {name!r} comes twice")
    return names


def _readable(column: pa.Array, name: str) -> pa.Array:
    """Bring a column to text, or leave it where its type says more than text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _readable(column.dictionary_decode(), name)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_nested(kind):
        return column
    try:
        return _without_null_words(column.cast(pa.string()))
    except pa.ArrowNotImplementedError as error:
        raise UnreadableError(f"the column {name!r} has the type {kind}, which cannot be read") from error


def _without_null_words(texts: pa.Array) -> pa.Array:
    lengths = pc.binary_length(texts)
    if not pc.any(pc.is_in(lengths, pa.array([0, 4], pa.int32()))).as_py():
        return texts
    return pc.if_else(pc.is_in(texts, pa.array(NULL_WORDS)), pa.scalar(None, pa.string()), texts)
