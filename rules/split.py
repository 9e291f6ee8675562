"""The exact split: a cost over integer weights, with no unit lost and no remainder pass.

For cost C in 1e-12 units over weights with running sums H0..Hn and total W, share i = F(Hi) - F(Hi-1) with
F(x) = trunc(C * x / W). The shares telescope to C. In 128-bit integers where |C| * W fits, else in Python's.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import duckdb
import pyarrow as pa

from rules.rows import load_rows
from rules.sql import share
from rules.weights import Weights

COSTS = ("billed", "effective", "list")
_FITS_DECIMAL = 10**38
FITS_HUGEINT = "1.6e38"

_UNITS = pa.decimal128(38, 0)
_WEIGHTS = pa.schema(
    [
        pa.field("split", pa.int64()),
        pa.field("team", pa.string()),
        pa.field("idle_cause", pa.string()),
        *(pa.field(name, _UNITS) for name in ("low", "high", "total")),
    ]
)
_WIDE = pa.schema(
    [
        pa.field("item", pa.int64()),
        pa.field("team", pa.string()),
        pa.field("idle_cause", pa.string()),
        *(pa.field(name, _UNITS) for name in COSTS),
    ]
)


def truncated(cost: int, part: int, total: int) -> int:
    """Return trunc(cost * part / total), towards zero."""
    magnitude = abs(cost) * part // total
    return magnitude if cost >= 0 else -magnitude


def shares(cost: int, weights: Weights) -> tuple[int, ...]:
    """Return the exact shares of a cost, in the order of the parts; raises ZeroDivisionError without parts."""
    total, running, before, found = weights.total, 0, 0, []
    for part in weights.parts:
        running += part.weight
        upto = truncated(cost, running, total)
        found.append(upto - before)
        before = upto
    return tuple(found)


def split_costs(connection: duckdb.DuckDBPyConnection, costs: str, weights: Mapping[int, Weights], into: str) -> None:
    """Create table `into` (item, team, idle_cause, billed, effective, list) from table `costs` (item, split, …).

    Costs are HUGEINT units. Every `split` of `costs` has weights with at least one part.
    """
    load_rows(connection, f"{into}_weights", _WEIGHTS, _weight_rows(weights))
    largest = f"CAST(greatest({', '.join(f'abs(c.{cost})' for cost in COSTS)}) AS DOUBLE)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into}_fitting AS SELECT c.*, t.total IS NOT NULL"
        f" AND {largest} * CAST(t.total AS DOUBLE) < {FITS_HUGEINT} AS fits"
        f" FROM {costs} c JOIN (SELECT split, any_value(total) AS total FROM {into}_weights GROUP BY split) t"
        " USING (split)"
    )
    narrow = ", ".join(f"{share(f'c.{cost}', 'w.low', 'w.high', 'w.total')} AS {cost}" for cost in COSTS)
    bounds = ", ".join(f"CAST({bound} AS HUGEINT) AS {bound}" for bound in ("low", "high", "total"))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT c.item, w.team, w.idle_cause, {narrow}"
        f" FROM {into}_fitting c JOIN (SELECT * REPLACE ({bounds}) FROM {into}_weights) w USING (split) WHERE c.fits"
    )
    wide = list(_wide_rows(connection, f"{into}_fitting", weights))
    if wide:
        load_rows(connection, f"{into}_wide", _WIDE, wide)
        units = ", ".join(f"CAST({cost} AS HUGEINT)" for cost in COSTS)
        connection.execute(f"INSERT INTO {into} SELECT item, team, idle_cause, {units} FROM {into}_wide")


def _weight_rows(
    weights: Mapping[int, Weights],
) -> Iterator[tuple[int, str, str, Decimal | None, Decimal | None, Decimal | None]]:
    for number, one in weights.items():
        total, high = one.total, 0
        fits = total < _FITS_DECIMAL
        for part in one.parts:
            low, high = high, high + part.weight
            bounds = (Decimal(low), Decimal(high), Decimal(total)) if fits else (None, None, None)
            yield number, part.team, part.idle_cause, *bounds


def _wide_rows(
    connection: duckdb.DuckDBPyConnection, fitting: str, weights: Mapping[int, Weights]
) -> Iterator[tuple[int, str, str, Decimal, Decimal, Decimal]]:
    rows = connection.execute(f"SELECT item, split, {', '.join(COSTS)} FROM {fitting} WHERE NOT fits").fetchall()
    for item, number, *costs in rows:
        one = weights[number]
        for part, *found in zip(one.parts, *(shares(cost, one) for cost in costs), strict=True):
            billed, effective, listed = (Decimal(units) for units in found)
            yield item, part.team, part.idle_cause, billed, effective, listed
