"""Rows from Python as a table of the connection, by way of Arrow."""

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
import pyarrow as pa


def load_rows(
    connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, rows: Iterable[Sequence[Any]]
) -> None:
    """Put the rows into the connection, in the place of those that had the name before; they are not copied there.

    Integers of up to 38 digits go through decimal128.
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    connection.register(name, pa.Table.from_arrays(arrays, schema=schema))
