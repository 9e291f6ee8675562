"""Rows of many days, in whatever order they come, as Parquet files of their days: memory does not grow with them."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attributor.lake.day_files import DayFile, new_path
from attributor.lake.lake import PARTITION_COLUMNS, Partition

_MOST_PENDING = 96 * 1024 * 1024
"""Bytes of rows that wait for more of their day; past them the day that has most is written."""
_MOST_OPEN = 200
"""Files that are written at once: a process may open a thousand."""
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
class _Waiting:
    """Rows of one day that are not written yet."""

    batches: list[pa.RecordBatch] = field(default_factory=list)
    size: int = 0


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
        self._waiting: defaultdict[Partition, _Waiting] = defaultdict(_Waiting)
        self._pending = 0
        self._open: dict[Partition, _Open] = {}  # the last used comes last
        self._done: list[DayFile] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows of the schema's columns; raise ValueError where a required value is missing."""
        for partition, rows in _by_day(batch.select(self._schema.names).cast(self._schema)):
            waiting = self._waiting[partition]
            waiting.batches.append(rows)
            waiting.size += rows.nbytes
            self._pending += rows.nbytes
        while self._pending > _MOST_PENDING:
            self._write_out(max(self._waiting, key=lambda partition: self._waiting[partition].size))

    def finish(self) -> tuple[DayFile, ...]:
        """Write what waits, and return all files, by path."""
        for partition in sorted(self._waiting):
            self._write_out(partition)
        for partition in list(self._open):
            self._end(partition)
        return tuple(sorted(self._done, key=lambda file: file.path))

    def close(self) -> None:
        """Let go of files that are still open."""
        while self._open:
            self._open.popitem()[1].writer.close()

    def _write_out(self, partition: Partition) -> None:
        waiting = self._waiting.pop(partition)
        self._pending -= waiting.size
        rows = pa.Table.from_batches(waiting.batches, self._schema)
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


def _by_day(batch: pa.RecordBatch) -> Iterator[tuple[Partition, pa.RecordBatch]]:
    """Split a batch into its (source, day)s, each in the order of its rows."""
    sources, days = (batch.column(name).dictionary_encode() for name in PARTITION_COLUMNS)
    codes = _codes(sources) * max(len(days.dictionary), 1) + _codes(days)
    for code in np.unique(codes).tolist():
        source, day = divmod(code, len(days.dictionary))
        partition: tuple[str, date] = (sources.dictionary[source].as_py(), days.dictionary[day].as_py())
        yield partition, _rows_at(batch, np.flatnonzero(codes == code))


def _codes(column: pa.DictionaryArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    codes: np.ndarray[Any, np.dtype[np.int64]] = column.indices.to_numpy().astype(np.int64)
    return codes


def _rows_at(batch: pa.RecordBatch, positions: np.ndarray[Any, Any]) -> pa.RecordBatch:
    """Take rows, without a copy where they are most of the batch: a few would keep all of it in memory."""
    first, count = int(positions[0]), len(positions)
    if int(positions[-1]) - first + 1 == count and 2 * count >= batch.num_rows:
        return batch.slice(first, count)
    return batch.take(pa.array(positions))
