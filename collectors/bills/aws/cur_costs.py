"""The costs of a Cost and Usage Report in FOCUS columns, as text; sums are exact.

Amortisation is the one that AWS publishes for its own dashboards (CUDOS): covered usage at its effective cost, of
recurring fees only the part that nobody used, nothing for negations and fees paid in advance, everything else as it
was billed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.aws.cur_columns import COST
from collectors.bills.aws.cur_kinds import (
    COMMITMENT_FEES,
    COVERED,
    DISCOUNTED,
    FEE,
    NEGATION,
    RECURRING,
    RI_FEE,
    UPFRONT,
    USAGE,
)
from collectors.files.block import Block
from collectors.files.rows import note_faults
from collectors.problems import Problems
from collectors.values.distinct import Fault, rows_where
from collectors.values.written import EXACT

_SP_EFFECTIVE = "savings_plan_savings_plan_effective_cost"
_SP_TOTAL, _SP_USED = "savings_plan_total_commitment_to_date", "savings_plan_used_commitment"
_RI_EFFECTIVE = "reservation_effective_cost"
_RI_PARTS = ("reservation_unused_amortized_upfront_fee_for_billing_period", "reservation_unused_recurring_fee")
_RI_ARN = "reservation_reservation_a_r_n"
_ZERO = pa.scalar("0")


@dataclass(frozen=True)
class Costs:
    """Cost columns by FOCUS name, and which rows are fees whose effective cost is what nobody used."""

    columns: Mapping[str, pa.Array]
    unused: pa.Array


def costs_of(block: Block, text: Callable[[str], pa.Array], problems: Problems) -> Costs:
    """Return BilledCost, EffectiveCost, ListCost and ContractedCost of a block; `text` gives its columns as text.

    Savings Plans, or reservations, are amortised where the file has all the columns for it; otherwise their effective
    cost is what was billed, in every row alike.
    """
    kinds, billed = text("line_item_line_item_type"), text(COST)
    upfront = pc.or_(_are(kinds, UPFRONT), pc.and_(_are(kinds, FEE), text(_RI_ARN).is_valid()))
    without_price = pc.or_(_are(kinds, NEGATION, *COMMITMENT_FEES), upfront)
    effective, unused = billed, _are(kinds)
    if {_SP_EFFECTIVE, _SP_TOTAL, _SP_USED} <= block.columns.keys():
        effective = _covered(block, effective, _are(kinds, COVERED), _SP_EFFECTIVE, text, problems)
        effective = pc.if_else(_are(kinds, NEGATION, UPFRONT), _ZERO, effective)
        fees = _are(kinds, RECURRING)
        effective = _summed(block, effective, fees, {_SP_TOTAL: 1, _SP_USED: -1}, text, problems)
        unused = pc.or_(unused, fees)
    if {_RI_EFFECTIVE, *_RI_PARTS} <= block.columns.keys():
        effective = _covered(block, effective, _are(kinds, DISCOUNTED), _RI_EFFECTIVE, text, problems)
        effective = pc.if_else(pc.and_(_are(kinds, FEE), upfront), _ZERO, effective)
        fees = _are(kinds, RI_FEE)
        effective = _summed(block, effective, fees, dict.fromkeys(_RI_PARTS, 1), text, problems)
        unused = pc.or_(unused, fees)
    on_demand = pc.coalesce(text("pricing_public_on_demand_cost"), billed)
    listed = pc.if_else(_are(kinds, USAGE, DISCOUNTED, COVERED), on_demand, billed)
    listed = pc.if_else(without_price, _ZERO, listed)
    contracted = pc.if_else(without_price, _ZERO, pc.if_else(_are(kinds, DISCOUNTED), listed, billed))
    columns = {"BilledCost": billed, "EffectiveCost": effective, "ListCost": listed, "ContractedCost": contracted}
    return Costs(columns, unused)


def _are(kinds: pa.Array, *names: str) -> pa.Array:
    return pc.is_in(kinds, pa.array(names, pa.string()))


def _covered(
    block: Block, costs: pa.Array, rows: pa.Array, name: str, text: Callable[[str], pa.Array], problems: Problems
) -> pa.Array:
    """Put the effective cost in the rows; one that is missing would be taken for what was billed, and is told."""
    found = text(name)
    missing = rows_where(pc.and_(rows, found.is_null()))
    note_faults(block, name, (Fault(row, None, "is missing") for row in missing), problems)
    return pc.if_else(rows, found, costs)


def _summed(
    block: Block,
    costs: pa.Array,
    rows: pa.Array,
    signs: Mapping[str, int],
    text: Callable[[str], pa.Array],
    problems: Problems,
) -> pa.Array:
    """Put the exact sum of columns in the rows, which are few; a missing part is nothing."""
    positions = rows_where(rows)
    if not positions:
        return costs
    sums = dict.fromkeys(positions, Decimal(0))
    for name, sign in signs.items():
        column = text(name)
        for row in positions:
            try:
                part = Decimal(column[row].as_py() or 0)
            except InvalidOperation:
                note_faults(block, name, (Fault(row, column[row].as_py(), "is not a number"),), problems)
                continue
            sums[row] = EXACT.add(sums[row], sign * part)
    return pc.replace_with_mask(costs, rows, pa.array([str(sums[row]) for row in positions], pa.string()))
