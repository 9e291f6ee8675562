"""The DuckDB that reads the lake: in memory, in UTC, and never on the network."""

from pathlib import Path

import duckdb


def connect(memory_limit: str, threads: int, temp_dir: Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that spills to `temp_dir`; the caller closes it.

    `memory_limit` is DuckDB's spelling ("1GiB"). No extension is loaded or downloaded, community ones included.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory_limit,
            "threads": str(threads),
            "temp_directory": str(temp_dir),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection
