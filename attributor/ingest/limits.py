"""The ledger counts in 64-bit integers: a day that would not fit is refused before anything of it is stored."""

from collections.abc import Iterator

import duckdb

from attributor.ingest.staging import Staged
from attributor.money import plain
from collectors.base import CollectError, RowProblem
from collectors.schema import COST_COLUMNS

MOST_A_DAY = 9_000_000_000_000
"""What a day's costs, or quantities of one metric, may sum to, signs aside (2**63 millionths are 9.22e12)."""
_AMOUNTS = {"charges": COST_COLUMNS, "usage": ("quantity",)}
_KEYS = {"charges": "x_Day, BillingCurrency", "usage": "x_Day, metric"}
_FIXES = {"charges": "correct the amount", "usage": "count in a larger unit"}


def refuse_too_large(connection: duckdb.DuckDBPyConnection, rows: Staged, source: str) -> None:
    """Raise a permanent CollectError that names the largest row of every day that the ledger could not hold."""
    if _largest(connection, rows) <= MOST_A_DAY:
        return
    problems = tuple(problem for column in _AMOUNTS[rows.table] for problem in _too_large(connection, rows, column))
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise CollectError(
            f"{source}: more in a day than can be kept; nothing of this reading is stored\n{listed}",
            permanent=True,
            problems=problems,
        )


def _largest(connection: duckdb.DuckDBPyConnection, rows: Staged) -> float:
    """Return the largest sum of sizes; as floating point, for those of the largest amounts have no exact type."""
    sums = ", ".join(f"sum(abs({column}::DOUBLE))" for column in _AMOUNTS[rows.table])
    (largest,) = connection.execute(
        f"SELECT max(total) FROM (SELECT greatest({sums}) AS total FROM {rows.rows} GROUP BY {_KEYS[rows.table]})"  # noqa: S608
    ).fetchall()[0]
    return float(largest or 0)


def _too_large(connection: duckdb.DuckDBPyConnection, rows: Staged, column: str) -> Iterator[RowProblem]:
    found = connection.execute(
        f"""
        SELECT x_Day, arg_max(x_Origin, abs({column})), arg_max({column}, abs({column}))
        FROM {rows.rows} GROUP BY {_KEYS[rows.table]} HAVING sum(abs({column}::DOUBLE)) > ? ORDER BY ALL LIMIT 20
        """,  # noqa: S608 - our own names
        [MOST_A_DAY],
    ).fetchall()
    for day, origin, amount in found:
        place, _, row = origin.rpartition(":")
        message = f"with it {day} has more than {MOST_A_DAY:.0E}, the most that a day can hold; {_FIXES[rows.table]}"
        known = row.isdecimal()
        yield RowProblem(place if known else origin, int(row) if known else None, column, plain(amount), message)
