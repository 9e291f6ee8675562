"""Rows of many days, in whatever order they come, as Parquet files of their days: memory does not grow with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attributor.lake.day_files import DayFile, new_path
from attributor.lake.lake import PARTITION_COLUMNS, Partition

_MOST_PENDING = 96 * 1024 * 1024
"""Bytes of rows that wait for more of their days; past them all are parted and written."""
_MOST_OPEN = 400
"""Files that are written at once, days of thirteen months: a process may open a thousand."""
_DISTINCT = frozenset({"x_Origin"})
"""Text that says something else in every row: a dictionary of it would be dropped again."""


@contextmanager
def writing_days(folder: Path, schema: pa.Schema) -> Iterator["DayWriter"]:
    """Give a writer of files below a folder; whoever ends early leaves files that are no use."""
    writer = DayWriter(folder, schema)
    try:
        yield writer
    finally:
        writer.close()


@dataclass
class _Open:
    """A file that is being written: its path below the folder, the columns it has and the rows so far."""

    path: str
    columns: list[str]
    writer: pq.ParquetWriter
    rows: int = 0


class DayWriter:
    """Writes each (source, day)'s rows to a file of its own, mostly one.

    A column without any value is left out of the file: it reads as null (see `attributor.lake.views`). Where later rows
    of the day have one, they go to a next file. Rows lie in the order in which they came.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._stored = [name for name in schema.names if name not in PARTITION_COLUMNS]
        self._waiting: list[pa.RecordBatch] = []
        self._size = 0
        self._open: dict[Partition, _Open] = {}  # the last used comes last
        self._done: list[DayFile] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows of the schema's columns; raise ValueError where a required value is missing."""
        rows = batch.select(self._schema.names).cast(self._schema)
        self._waiting.append(rows)
        self._size += rows.nbytes
        if self._size > _MOST_PENDING:
            self._write_out()

    def finish(self) -> tuple[DayFile, ...]:
        """Write what waits, and return all files, by path."""
        self._write_out()
        for partition in list(self._open):
            self._end(partition)
        return tuple(sorted(self._done, key=lambda file: file.path))

    def close(self) -> None:
        """Let go of files that are still open."""
        while self._open:
            self._open.popitem()[1].writer.close()

    def _write_out(self) -> None:
        waiting, self._waiting, self._size = pa.Table.from_batches(self._waiting, self._schema), [], 0
        for partition, rows in _by_day(waiting):
            file = self._file_for(partition, rows)
            file.writer.write_table(rows.select(file.columns), row_group_size=rows.num_rows)
            file.rows += rows.num_rows

    def _file_for(self, partition: Partition, rows: pa.Table) -> _Open:
        """Return the day's open file, or a new one where it lacks a column that the rows need."""
        found = self._open.pop(partition, None)
        needed = {name for name in self._stored if _is_needed(rows, name)}
        if found is not None and not needed <= set(found.columns):
            self._open[partition] = found
            self._end(partition)
            needed |= set(found.columns)
            found = None
        if found is None:
            if len(self._open) >= _MOST_OPEN:
                self._end(next(iter(self._open)))
            found = self._begun(partition, [name for name in self._stored if name in needed])
        self._open[partition] = found
        return found

    def _begun(self, partition: Partition, columns: list[str]) -> _Open:
        path = new_path(partition)
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([self._schema.field(name) for name in columns])
        writer = pq.ParquetWriter(
            target,
            schema,
            compression="snappy",
            use_dictionary=list(_dictionaries(schema)),
            write_statistics=False,  # files are one day's: nobody would skip a part of one by them
            store_schema=False,
        )
        return _Open(path, columns, writer)

    def _end(self, partition: Partition) -> None:
        file = self._open.pop(partition)
        file.writer.close()
        source, day = partition
        self._done.append(DayFile(file.path, source, day, (self._folder / file.path).stat().st_size, file.rows))


def _is_needed(rows: pa.Table, name: str) -> bool:
    return not rows.schema.field(name).nullable or rows.column(name).null_count < rows.num_rows


def _dictionaries(schema: pa.Schema) -> Iterator[str]:
    """Name what repeats itself, as Parquet names it: text, and the keys and values of maps."""
    for column in schema:
        if pa.types.is_map(column.type):
            yield from (f"{column.name}.key_value.{part}" for part in ("key", "value"))
        elif pa.types.is_string(column.type) and column.name not in _DISTINCT:
            yield column.name


def _by_day(rows: pa.Table) -> Iterator[tuple[Partition, pa.Table]]:
    """Part rows into their (source, day)s, in that order, each in the order of its rows: sorted once, then cut."""
    sources, days = (rows.column(name).combine_chunks().dictionary_encode() for name in PARTITION_COLUMNS)
    codes = _ranks(sources) * max(len(days.dictionary), 1) + _ranks(days)
    if np.any(codes[1:] < codes[:-1]):
        order = np.argsort(codes, kind="stable")
        rows, codes = rows.take(pa.array(order)), codes[order]
    starts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), rows.num_rows]
    for start, end in pairwise(starts):
        if end > start:
            part = rows.slice(start, end - start)
            source, day = (part.column(name)[0].as_py() for name in PARTITION_COLUMNS)
            yield (source, day), part


def _ranks(column: pa.DictionaryArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the place of each row's value among the different ones in their order."""
    order = np.array(pc.sort_indices(column.dictionary))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    ranks: np.ndarray[Any, np.dtype[np.int64]] = places[column.indices.to_numpy()]
    return ranks
