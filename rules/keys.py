"""What is split alike: the cells of one rule, window, day, currency and followed values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from rules.cells import CELLS, Plan
from rules.weights import Weights


@dataclass(frozen=True)
class SplitKey:
    """Cells that share their weights. `window` is in hours from 1970; `effective` is their sum in 1e-12 units."""

    number: int
    rule: int
    window: tuple[int, int] | None
    day: date
    currency: str
    followed: Mapping[str, str | None]
    effective: int


@dataclass(frozen=True)
class Weighed:
    """Weights by split number, and what the user should know about them."""

    weights: Mapping[int, Weights]
    warnings: tuple[str, ...] = ()


def split_keys(connection: duckdb.DuckDBPyConnection, plan: Plan) -> tuple[SplitKey, ...]:
    """Return every key of the cells, in order of number."""
    columns = [f"f{index}" for index in range(len(plan.followed))]
    selected = ", ".join(["split", "rule", "window_start", "window_end", "day", "currency", *columns])
    rows = connection.execute(
        f"SELECT {selected}, sum(effective) FROM {CELLS} WHERE split IS NOT NULL GROUP BY ALL ORDER BY split"
    ).fetchall()
    names = [name for name, _ in plan.followed]
    return tuple(
        SplitKey(
            number,
            rule,
            None if start is None else (start, end),
            day,
            currency,
            dict(zip(names, rest[:-1], strict=True)),
            int(rest[-1]),
        )
        for number, rule, start, end, day, currency, *rest in rows
    )
