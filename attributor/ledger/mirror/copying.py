"""Bringing rows of the ledger into the copy: a table as it is, or those of one day."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, Integer, Select, String, Table, select

from attributor.ledger.instants import Instant

_AT_ONCE = 20_000
_KINDS: tuple[tuple[type, str, pa.DataType], ...] = (
    (Instant, "TIMESTAMP", pa.timestamp("us")),
    (Date, "DATE", pa.date32()),
    (Boolean, "BOOLEAN", pa.bool_()),
    (BigInteger, "BIGINT", pa.int64()),
    (Integer, "BIGINT", pa.int64()),
    (String, "VARCHAR", pa.string()),
)
"""What a column of the ledger is in the copy, and on its way there."""


def create(copy: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create a table without rows, keys or indexes: all that is written to it was checked before."""
    columns = ", ".join(f'"{column.name}" {_kind(column)[0]}' for column in table.columns)
    copy.execute(f"CREATE TABLE {table.name} ({columns})")


def copy_table(source: Connection, copy: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Put all rows of a table in the place of those that are in the copy; return how many there are."""
    copy.execute(f"DELETE FROM {table.name}")  # noqa: S608 - a table of ours
    return _append(copy, table, tuple(table.columns), _batches(source, select(*table.columns)))


def copy_day(source: Connection, copy: duckdb.DuckDBPyConnection, table: Table, day: date) -> int:
    """Put the rows of one UTC day in the place of those that are in the copy; return how many there are."""
    copy.execute(f"DELETE FROM {table.name} WHERE day = ?", [day])  # noqa: S608 - a table of ours
    # The day stands in the query: to read it in each row takes the driver longer than all other columns.
    columns = tuple(column for column in table.columns if column.name != "day")
    batches = _batches(source, select(*columns).where(table.c.day == day))
    return _append(copy, table, columns, batches, day)


def _append(
    copy: duckdb.DuckDBPyConnection,
    table: Table,
    columns: tuple[Column[Any], ...],
    batches: Iterable[Sequence[tuple[Any, ...]]],
    day: date | None = None,
) -> int:
    count, names = 0, [column.name for column in columns]
    for rows in batches:
        values = zip(*rows, strict=True)
        arrays = [_array(column, of_column) for column, of_column in zip(columns, values, strict=True)]
        incoming = pa.table(arrays, names)
        if day is not None:
            incoming = incoming.append_column("day", pa.repeat(pa.scalar(day, pa.date32()), len(rows)))
        copy.register("incoming", incoming)
        copy.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM incoming")  # noqa: S608 - a table of ours
        copy.unregister("incoming")
        count += len(rows)
    return count


def _batches(source: Connection, query: Select[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield rows as the driver gives them: to make SQLAlchemy's of them takes as long as to read them."""
    with source.execute(query) as found:  # not as a stream: SQLAlchemy would take the first rows of it for itself
        while rows := found.cursor.fetchmany(_AT_ONCE):
            yield rows


def _array(column: Column[Any], values: Sequence[Any]) -> pa.Array:
    """Return a column's values; SQLite gives days and instants as ISO 8601 text."""
    kind = _kind(column)[1]
    if pa.types.is_temporal(kind) and any(isinstance(value, str) for value in values):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def _kind(column: Column[Any]) -> tuple[str, pa.DataType]:
    for kind, name, arrow in _KINDS:
        if isinstance(column.type, kind):
            return name, arrow
    raise TypeError(f"no column of the copy can hold {column.type!r}")
