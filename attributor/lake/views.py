"""Reading pinned days of the lake in DuckDB, lazily: a view scans only the files, columns and rows a query needs."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from attributor.lake.lake import PARTITION_COLUMNS, Files, Lake, Partition, existing_table
from attributor.lake.location import local_folder, table_uri
from attributor.lake.remote import remote_files
from attributor.lake.sql import identifier, literal, path_literal, sql_type


@dataclass(frozen=True, order=True)
class Pin:
    """A source's day as it was at a version of its table."""

    source: str
    day: date
    version: int


class MissingVersionError(Exception):
    """A pinned version is not in the lake: lake and ledger do not belong together, or one of them was put back."""


def open_view(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: str,
    pins: Collection[Pin],
    columns: Collection[str] | None = None,
) -> None:
    """Make the view `name` of exactly the pinned days, with these columns of the table's schema, or with all of them.

    It replaces an old one, and is this connection's alone: its cursors have views of their own.
    A column that a file lacks reads as null. Raises MissingVersionError where a pinned version cannot be opened, on
    disk also where one of its files is gone; in an object store the query says that.
    """
    schema = lake.schemas[table]
    if columns is not None:
        schema = pa.schema([field for field in schema if field.name in columns])
    files = pinned_files(lake, table, pins)
    folder = local_folder(table_uri(lake.uri, table))
    if folder is None and files:
        connection.register(f"{name} files", remote_files(lake, table, files))
        _open(connection, name, schema, identifier(f"{name} files"))
        return
    try:
        open_files(connection, name, schema, [Path(folder or "", path) for path in sorted(files)])
    except duckdb.IOException as error:
        raise MissingVersionError(f"a file of a pinned version of {table} is gone: {error}") from error


def open_files(connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, files: Collection[Path]) -> None:
    """Make the view `name` of files that lie in the folders of their source and day, as `open_view` does.

    Raises duckdb.IOException where one is gone.
    """
    _open(connection, name, schema, _scan(files, schema) if files else _nothing(schema))


def _open(connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, relation: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {identifier(name)} AS {_select(schema)} FROM {relation}")


def pinned_files(lake: Lake, table: str, pins: Collection[Pin]) -> dict[str, Partition]:
    """Return the files that hold the pinned days, by path relative to the table, each with its source and day."""
    by_version: defaultdict[int, list[Partition]] = defaultdict(list)
    for pin in pins:
        by_version[pin.version].append((pin.source, pin.day))
    files: dict[str, Partition] = {}
    for version, partitions in sorted(by_version.items()):
        stored = _files_at(lake, table, version, partitions)
        files |= {path: partition for partition in partitions for path in stored.get(partition, ())}
    return files


def _files_at(lake: Lake, table: str, version: int, wanted: Collection[Partition]) -> Files:
    """Return the files of a version; one that remembers the wanted days of it need not be opened: it never changes."""
    known = (lake.known or {}).get((table, version), {})
    if known.keys() >= set(wanted):
        return known
    found = files_by_partition(_opened(lake, table, version))
    if lake.known is not None:
        lake.known[table, version] = found
    return found


def files_by_partition(table: DeltaTable) -> Files:
    """Return the paths, relative to the table, of each (source, day)'s files."""
    actions = pa.table(table.get_add_actions(flatten=True))
    sources, days = (actions.column(f"partition.{column}").to_pylist() for column in PARTITION_COLUMNS)
    files: defaultdict[Partition, set[str]] = defaultdict(set)
    for source, day, path in zip(sources, days, actions.column("path").to_pylist(), strict=True):
        files[(source, day)].add(path)
    return {partition: frozenset(paths) for partition, paths in files.items()}


def _opened(lake: Lake, table: str, version: int) -> DeltaTable:
    try:
        opened = existing_table(lake, table, version)
    except DeltaError as error:
        raise MissingVersionError(f"{table} has no version {version}: {error}") from error
    if opened is None:
        raise MissingVersionError(f"the lake has no table {table}, but version {version} of it is published")
    return opened


def _select(schema: pa.Schema) -> str:
    return "SELECT " + ", ".join(identifier(name) for name in schema.names)


def _nothing(schema: pa.Schema) -> str:
    columns = ", ".join(f"NULL::{sql_type(field.type)} AS {identifier(field.name)}" for field in schema)
    return f"(SELECT {columns} WHERE false)"


def _scan(files: Collection[Path], schema: pa.Schema) -> str:
    """Read the files natively. The partition columns are not in them but in their folders' names.

    DuckDB's own hive partitioning would also take a folder above the lake called `team=search` for a column.
    """
    listed = ", ".join(path_literal(path) for path in files)
    stored = ", ".join(_column(field) for field in schema if field.name not in PARTITION_COLUMNS)
    source, day = (f"regexp_extract(filename, '.*/{column}=([^/]*)/', 1)" for column in PARTITION_COLUMNS)
    rows = f"read_parquet([{listed}], schema=MAP {{{stored}}}, filename=true, hive_partitioning=false)"
    return f"(SELECT *, {source} AS x_Source, {day}::DATE AS x_Day FROM {rows})"  # noqa: S608 (quoted above)


def _column(field: pa.Field) -> str:
    name = literal(field.name)
    return f"{name}: {{name: {name}, type: {literal(sql_type(field.type))}, default_value: NULL}}"
