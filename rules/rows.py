"""Rows from Python to a table of the connection, by way of Arrow."""

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
import pyarrow as pa


def load_rows(
    connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, rows: Iterable[Sequence[Any]]
) -> None:
    """Create (or replace) a temporary table of the rows; integers of up to 38 digits go through decimal128."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    batch = pa.Table.from_arrays(arrays, schema=schema)
    staged = f"{name}_rows"
    connection.register(staged, batch)
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {staged}")
    finally:
        connection.unregister(staged)
