"""Arrow schemas and paths as DuckDB writes them."""

from pathlib import Path

import pyarrow as pa

_NAMES = {
    pa.string(): "VARCHAR",
    pa.date32(): "DATE",
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
}


def sql_type(kind: pa.DataType) -> str:
    """Return DuckDB's name of a column type; raise ValueError for one that the lake does not use."""
    if pa.types.is_decimal128(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind) and kind.tz == "UTC":
        return "TIMESTAMPTZ"
    if pa.types.is_map(kind):
        return f"MAP({sql_type(kind.key_type)}, {sql_type(kind.item_type)})"
    if kind not in _NAMES:
        raise ValueError(f"the lake has no columns of type {kind}")
    return _NAMES[kind]


def literal(text: str) -> str:
    """Quote text as a value."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def identifier(name: str) -> str:
    """Quote a name."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def path_literal(path: Path) -> str:
    """Quote the path of one file; DuckDB would take an asterisk in it for a pattern."""
    return literal(str(path).replace("*", "[*]"))
