"""The ledger counts in 64-bit integers: a day that would not fit is refused before anything of it is stored."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from attributor.money import plain
from collectors.base import CollectError, RowProblem
from collectors.schema import COST_COLUMNS

MOST_A_DAY = 9_000_000_000_000
"""What a day's costs, or quantities of one metric, may sum to, signs aside (2**63 millionths are 9.22e12)."""
_AMOUNTS = {"charges": COST_COLUMNS, "usage": ("quantity",)}
_KEYS = {"charges": "x_Day, BillingCurrency", "usage": "x_Day, metric"}
_FIXES = {"charges": "correct the amount", "usage": "count in a larger unit"}


def refuse_too_large(connection: duckdb.DuckDBPyConnection, path: Path, table: str, source: str) -> None:
    """Raise a permanent CollectError that names the largest row of every day that the ledger could not hold."""
    problems = tuple(problem for column in _AMOUNTS[table] for problem in _too_large(connection, path, table, column))
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise CollectError(
            f"{source}: more in a day than can be kept; nothing of this reading is stored\n{listed}",
            permanent=True,
            problems=problems,
        )


def _too_large(connection: duckdb.DuckDBPyConnection, path: Path, table: str, column: str) -> Iterator[RowProblem]:
    """Look at the sizes as floating point: sums of the largest amounts that can be written have no exact type."""
    found = connection.execute(
        f"""
        SELECT x_Day, arg_max(x_Origin, abs({column})), arg_max({column}, abs({column}))
        FROM read_parquet(?) GROUP BY {_KEYS[table]} HAVING sum(abs({column}::DOUBLE)) > ? ORDER BY ALL LIMIT 20
        """,  # noqa: S608 - our own names
        [str(path), MOST_A_DAY],
    ).fetchall()
    for day, origin, amount in found:
        place, _, row = origin.rpartition(":")
        message = f"with it {day} has more than {MOST_A_DAY:.0E}, the most that a day can hold; {_FIXES[table]}"
        known = row.isdecimal()
        yield RowProblem(place if known else origin, int(row) if known else None, column, plain(amount), message)
