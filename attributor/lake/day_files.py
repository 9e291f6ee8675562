"""A day's rows as files of a table, written by whoever computed them; nobody reads a file before its commit."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from attributor.lake.lake import PARTITION_COLUMNS, Lake, Partition, checked_source
from attributor.lake.location import local_folder, table_uri
from attributor.lake.remote import store_of, upload
from attributor.lake.scratch import scratch_folder
from attributor.lake.sql import identifier, literal


class MiswrittenFileError(Exception):
    """A written file does not hold what it was given: a bug, found before anything of it is published."""


@dataclass(frozen=True)
class DayFile:
    """A Parquet file of one source's UTC day, not yet committed; `path` is relative to the table, `size` in bytes."""

    path: str
    source: str
    day: date
    size: int
    rows: int


def new_path(partition: Partition) -> str:
    """Return a path, relative to the table, that was never used and never will be.

    What a writer that was killed leaves is no part of anything, and swept by maintenance. Raises ValueError for a
    source whose name could not be a folder's.
    """
    source, day = partition
    return f"x_Source={checked_source(source)}/x_Day={day.isoformat()}/{uuid4()}.parquet"


def bring_in(lake: Lake, table: str, folder: Path, files: Sequence[DayFile]) -> None:
    """Move files that were written below a folder to the table, on disk or in an object store; nobody sees them yet."""
    home = local_folder(table_uri(lake.uri, table))
    store = store_of(lake, table) if home is None else None
    for file in files:
        if home is None:
            upload(store, folder / file.path, file.path)
        else:
            target = home / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / file.path, target)


def write_day(
    lake: Lake, connection: duckdb.DuckDBPyConnection, table: str, rows: str, day: date
) -> tuple[DayFile, ...]:
    """Write the rows of a table or view of the connection, all of them of one day, as one file a source.

    Raises MiswrittenFileError where a row is of another day, a value is missing where one is required,
    or a column's type in the file is another than the table's.
    """
    sources = connection.sql(
        f"SELECT x_Source, count(*) FROM {identifier(rows)} GROUP BY ALL ORDER BY ALL"  # noqa: S608 - quoted
    ).fetchall()
    written = []
    for source, count in sources:
        file = _write(lake, connection, table, rows, (source, day))
        if file.rows != count:
            raise MiswrittenFileError(f"{file.path} has {file.rows} of {count} rows of {source}")
        written.append(file)
    return tuple(written)


def _write(lake: Lake, connection: duckdb.DuckDBPyConnection, table: str, rows: str, partition: Partition) -> DayFile:
    source, day = partition
    path = new_path(partition)
    schema = lake.schemas[table]
    columns = ", ".join(identifier(name) for name in schema.names if name not in PARTITION_COLUMNS)
    query = (
        f"SELECT {columns} FROM {identifier(rows)}"  # noqa: S608 - quoted
        f" WHERE x_Source = {literal(source)} AND x_Day = DATE {literal(day.isoformat())}"
    )
    uri = table_uri(lake.uri, table)
    folder = local_folder(uri)
    if folder is not None:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        count, size = _copy(connection, query, target, schema)
        return DayFile(path, source, day, size, count)
    with scratch_folder() as scratch:
        staged = scratch / "rows.parquet"
        count, size = _copy(connection, query, staged, schema)
        upload(store_of(lake, table), staged, path)
    return DayFile(path, source, day, size, count)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path, schema: pa.Schema) -> tuple[int, int]:
    connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet)")
    metadata = pq.read_metadata(target)
    _check(metadata, schema, target)
    return metadata.num_rows, target.stat().st_size


def _check(metadata: pq.FileMetaData, schema: pa.Schema, target: Path) -> None:
    """Hold the file against the table: DuckDB writes some types as others (a HUGEINT as DOUBLE), and nulls anywhere."""
    stored = metadata.schema.to_arrow_schema()
    for found in stored:
        wanted = schema.field(found.name)
        if found.type != wanted.type:
            raise MiswrittenFileError(f"{found.name} in {target} is {found.type}, not {wanted.type}")
        if found.nullable and not wanted.nullable and _lacks_values(metadata, found.name):
            raise MiswrittenFileError(f"{found.name} in {target} lacks values")


def _lacks_values(metadata: pq.FileMetaData, name: str) -> bool:
    """Read a column's count of nulls; maps and lists keep none of their own, and count as whole."""
    places = [index for index in range(metadata.num_columns) if metadata.schema.column(index).path == name]
    statistics = [
        metadata.row_group(group).column(place).statistics
        for place in places
        for group in range(metadata.num_row_groups)
    ]
    return any(found is None or not found.has_null_count or found.null_count for found in statistics)
