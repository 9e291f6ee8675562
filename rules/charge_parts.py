"""Every charge's own parts, by owner, for whole days at once: what `charge_shares` says of one cell, in SQL.

Costs go by the running sums of the charge's cell, so that owners' parts sum to what attribution gave each owner.
Further amounts (contracted cost, quantities), which attribution never split, go by the charge's own amount. In every
column a charge's parts sum exactly to the charge.
"""

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from typing import Any

import duckdb
import pyarrow as pa

from rules.allocations import PART_JOINS, described_parts, load_names
from rules.attribute import Worked
from rules.charge_cuts import CUTS, Cuttings, cell_cuttings, load_cuts
from rules.charge_shares import Cut, charges_in_cells, taken
from rules.rows import load_rows
from rules.ruleset import RuleSet
from rules.schema import COST_COLUMNS, OWNER_COLUMNS
from rules.split import COSTS, FITS_HUGEINT
from rules.sql import amount_of, identifier, share
from rules.weights import UNITS_PER_ONE

CHARGE_ALLOCATIONS = "attribution_charge_allocations"
_PLACED = "attribution_placed_charges"
_RUNNING = "attribution_running_charges"
_PARTS = "attribution_charge_parts"
_WIDE = "attribution_wide_parts"
_AT_ONCE = 8_192
_EXACT = Context(prec=60)
_UNITS = pa.decimal128(38, 0)


def charge_parts(
    connection: duckdb.DuckDBPyConnection, charges: str, ruleset: RuleSet, worked: Worked, others: Sequence[str] = ()
) -> str:
    """Create a view of every charge's parts, right after `attribute.work_out` over the same charges; return its name.

    `charges` is a table, not a view: its rowid says which charge a part is of. `others` are further columns to split,
    DECIMAL of at most 18 decimals; what is finer than 1e-12 goes to the last part.

    Columns: charge (rowid), part (0, 1, … in the order of owners), team, project, environment, cost_center, rule,
    method, shared_step, idle_cause, fallback, dimensions as in `schema.ALLOCATIONS`; is_split; ratio (of 1,
    exactly summing to it), unit and quantity (what the part was weighed by, null where that is not told), all three
    null where the charge stays whole; and every cost column and those of `others`.
    """
    cuttings = load_cuts(connection, ruleset, worked)
    load_names(connection, ruleset)
    _place(connection, charges, ruleset, worked, others)
    _split(connection, others)
    _split_wide(connection, cuttings, others)
    columns = described_parts(worked.plan)
    told = ("rule", "method", "shared_step", "idle_cause", "fallback", *OWNER_COLUMNS, "dimensions")
    described = ", ".join(f"{columns[name]} AS {name}" for name in told)
    costs = ", ".join(f"{amount_of(f'p.{cost}')} AS {name}" for name, cost in zip(COST_COLUMNS, COSTS, strict=True))
    amounts = "".join(f", p.o{index} AS {identifier(name)}" for index, name in enumerate(others))
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {CHARGE_ALLOCATIONS} AS SELECT p.charge, p.part, {described},"
        f" p.ratio IS NOT NULL AS is_split, {amount_of('p.ratio')} AS ratio, p.unit,"
        f" {amount_of('p.quantity')} AS quantity, {costs}{amounts}"
        f" FROM {_PARTS} p {PART_JOINS}"
    )
    return CHARGE_ALLOCATIONS


def _place(
    connection: duckdb.DuckDBPyConnection, charges: str, ruleset: RuleSet, worked: Worked, others: Sequence[str]
) -> None:
    """Create the charges with their cell and cutting, and those that are cut with their cell's running sums."""
    kept = {"charge": "rowid", "origin": "coalesce(x_Origin, '')"}
    kept |= {f"o{index}": f"CAST({identifier(name)} AS DECIMAL(38,18))" for index, name in enumerate(others)}
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PLACED} AS SELECT p.*, u.cutting, u.whole_of FROM"
        f" ({charges_in_cells(charges, worked.plan, ruleset, kept)}) p JOIN ({cell_cuttings()}) u USING (cell)"
    )
    upto = ", ".join(f"CAST(sum({cost}) OVER of_cell AS HUGEINT) AS {cost}_upto" for cost in COSTS)
    units = "".join(f", {_whole_units(f'o{index}')} AS u{index}" for index in range(len(others)))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_RUNNING} AS SELECT * EXCLUDE (origin, whole_of), {upto}{units} FROM {_PLACED}"
        f" WHERE cutting IS NOT NULL WINDOW of_cell AS (PARTITION BY cell ORDER BY origin, {', '.join(COSTS)}, charge"
        " ROWS UNBOUNDED PRECEDING)"
    )


def _split(connection: duckdb.DuckDBPyConnection, others: Sequence[str]) -> None:
    """Create the parts of the charges that stay whole, and of those whose split fits 128 bits."""
    own = "".join(f", o{index}" for index in range(len(others)))
    costs = "".join(
        f", {_cut_twice(f'n.{one}_upto')} - {_cut_twice(f'(n.{one}_upto - n.{one})')} AS {one}" for one in COSTS
    )
    amounts = "".join(f", {_with_rest(index)} AS o{index}" for index in range(len(others)))
    bounds = ", ".join(f"CAST({name} AS HUGEINT) AS {name}" for name in ("low", "high", "total"))
    steps = ", ".join(f"CAST(step_{name} AS HUGEINT) AS step_{name}" for name in ("low", "high", "total"))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PARTS} AS SELECT charge, cell, CAST(0 AS BIGINT) AS part, whole_of AS team,"
        " '' AS idle_cause, '' AS shared_step, '' AS step_fallback, CAST(NULL AS DECIMAL(38,0)) AS ratio,"
        f" CAST(NULL AS VARCHAR) AS unit, CAST(NULL AS DECIMAL(38,0)) AS quantity, {', '.join(COSTS)}{own}"
        f" FROM {_PLACED} WHERE cutting IS NULL"
        " UNION ALL SELECT n.charge, n.cell, c.part, c.team, c.idle_cause, c.shared_step, c.step_fallback, c.ratio,"
        f" CASE WHEN c.quantity IS NOT NULL THEN c.unit END, c.quantity{costs}{amounts} FROM {_RUNNING} n"
        f" JOIN (SELECT * REPLACE ({bounds}, {steps}) FROM {CUTS}) c USING (cutting) WHERE {_fits(len(others))}"
    )


def _cut_twice(units: str) -> str:
    """Return a part's share of an amount in units: of its split, then of its step where there is one."""
    once = share(units, "c.low", "c.high", "c.total")
    return f"CASE WHEN c.step_total = 1 THEN {once} ELSE {share(once, 'c.step_low', 'c.step_high', 'c.step_total')} END"


def _with_rest(index: int) -> str:
    """Return a part's share of a further amount as a decimal; the last part takes what is finer than a unit."""
    given = f"CAST({amount_of(_cut_twice(f'n.u{index}'))} AS DECIMAL(38,18))"
    rest = f"n.o{index} - CAST({amount_of(f'n.u{index}')} AS DECIMAL(38,18))"
    return f"CASE WHEN c.is_last THEN {given} + ({rest}) ELSE {given} END"


def _whole_units(amount: str) -> str:
    """Return a DECIMAL(38,18) in whole 1e-12 units, cut off towards zero."""
    below_one = f"trunc(({amount} - trunc({amount})) * 1000000000000::DECIMAL(13,0))"
    return f"(CAST(trunc({amount}) AS HUGEINT) * {UNITS_PER_ONE}::HUGEINT + CAST({below_one} AS HUGEINT))"


def _fits(others: int) -> str:
    amounts = [f"abs(n.{cost}_upto)" for cost in COSTS] + [f"abs(n.{cost}_upto - n.{cost})" for cost in COSTS]
    amounts += [f"coalesce(abs(n.u{index}), 0)" for index in range(others)]
    return (
        f"coalesce(CAST(greatest({', '.join(amounts)}) AS DOUBLE)"
        f" * CAST(greatest(c.total, c.step_total) AS DOUBLE) < {FITS_HUGEINT}, FALSE)"
    )


def _split_wide(connection: duckdb.DuckDBPyConnection, cuttings: Cuttings, others: Sequence[str]) -> None:
    """Add the parts of charges whose split needs more than 128 bits, a few thousand parts at a time."""
    own = "".join(f", n.o{index}, n.u{index}" for index in range(len(others)))
    running = ", ".join(f"n.{cost}, n.{cost}_upto" for cost in COSTS)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_WIDE} AS SELECT row_number() OVER () AS row, n.charge, n.cell, n.cutting,"
        f" c.part, {running}{own} FROM {_RUNNING} n"
        " JOIN (SELECT cutting, part, CAST(total AS HUGEINT) AS total, CAST(step_total AS HUGEINT) AS step_total"
        f" FROM {CUTS}) c USING (cutting) WHERE NOT {_fits(len(others))}"
    )
    for rows in _pages(connection):
        made = [_wide_row(row, cuttings) for row in rows]
        load_rows(connection, f"{_WIDE}_split", _wide_schema(len(others)), made)
        connection.execute(
            f"INSERT INTO {_PARTS} SELECT w.charge, w.cell, w.part, c.team, c.idle_cause, c.shared_step,"
            f" c.step_fallback, c.ratio, CASE WHEN c.quantity IS NOT NULL THEN c.unit END, c.quantity,"
            f" {', '.join(f'CAST(w.{cost} AS HUGEINT)' for cost in COSTS)}"
            f"{''.join(f', w.o{index}' for index in range(len(others)))}"
            f" FROM {_WIDE}_split w JOIN {CUTS} c ON c.cutting = w.cutting AND c.part = w.part"
        )


def _pages(connection: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[Any, ...]]]:
    first = 1
    page = f"SELECT * EXCLUDE (row) FROM {_WIDE} WHERE row >= ? AND row < ?"
    while rows := connection.execute(page, [first, first + _AT_ONCE]).fetchall():
        yield rows
        first += _AT_ONCE


def _wide_schema(others: int) -> pa.Schema:
    return pa.schema(
        [
            *(pa.field(name, pa.int64()) for name in ("charge", "cell", "cutting", "part")),
            *(pa.field(cost, _UNITS) for cost in COSTS),
            *(pa.field(f"o{index}", pa.decimal128(38, 18)) for index in range(others)),
        ]
    )


def _wide_row(row: tuple[Any, ...], cuttings: Cuttings) -> tuple[object, ...]:
    """Return charge, cell, cutting, part, the part's costs in units, and its share of the further amounts."""
    charge, cell, cutting, number, *amounts = row
    cuts, is_last = cuttings[cutting][number].cuts, number == len(cuttings[cutting]) - 1
    running, own = amounts[: 2 * len(COSTS)], amounts[2 * len(COSTS) :]
    costs = (
        Decimal(taken(cuts, upto) - taken(cuts, upto - cost))
        for cost, upto in zip(running[::2], running[1::2], strict=True)
    )
    further = (
        _further(cuts, amount, units, is_last=is_last) for amount, units in zip(own[::2], own[1::2], strict=True)
    )
    return charge, cell, cutting, number, *costs, *further


def _further(cuts: tuple[Cut, ...], amount: Decimal | None, units: int | None, *, is_last: bool) -> Decimal | None:
    if amount is None or units is None:
        return None
    given = taken(cuts, units)
    if is_last:
        return _EXACT.add(amount, _EXACT.scaleb(Decimal(given - units), -12))
    return _EXACT.scaleb(Decimal(given), -12)
