"""The DuckDB that reads the lake: in memory, in UTC, and never on the network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from attributor.lake.arrow_memory import keep_freed_memory
from attributor.lake.scratch import scratch_folder

_MEMORY_LIMIT = "768MiB"


@contextmanager
def open_duckdb(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that spills to a folder of its own, which is gone afterwards."""
    with scratch_folder() as folder:
        connection = connect(_MEMORY_LIMIT, threads, folder)
        try:
            yield connection
        finally:
            connection.close()


def connect(memory_limit: str, threads: int, temp_dir: Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that spills to `temp_dir`; the caller closes it.

    `memory_limit` is DuckDB's spelling ("1GiB"). No extension is loaded or downloaded, community ones included.
    Arrow, which brings what the database reads, has the memory of `keep_freed_memory` from then on.
    """
    keep_freed_memory()
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


@contextmanager
def one_thread_a_question(connection: duckdb.DuckDBPyConnection, among: int) -> Iterator[None]:
    """Have each question to the database answered by the thread that asks, where so many threads ask as it has.

    Small questions then take a third less of the processors: nobody is woken for a piece of one.
    """
    [(threads,)] = connection.execute("SELECT current_setting('threads')").fetchall()
    if among < threads:
        yield
        return
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute(f"SET threads = {threads}")
