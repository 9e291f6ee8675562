"""The charge periods of a Cost and Usage Report, half-open as FOCUS has them."""

import pyarrow as pa
import pyarrow.compute as pc

from collectors.files.block import Block
from collectors.schema import INSTANT
from collectors.values.instants import to_instants

_SECOND = pa.scalar(1_000_000, pa.duration("us"))
_LAST_SECOND = 59


def periods_of(block: Block) -> dict[str, pa.Array]:
    """Return the four times of a block; a column in which a time cannot be read stays as it is, to be refused by row.

    Fees and taxes end at 23:59:59, which is the last second within them. What starts and ends at once lasts a second.
    Where a row has no usage dates, its billing period stands in.
    """
    starts = _read(block, "line_item_usage_start_date", "bill_billing_period_start_date")
    ends = _read(block, "line_item_usage_end_date", "bill_billing_period_end_date")
    if ends.type == INSTANT:
        last = pc.and_(pc.equal(pc.second(ends), _LAST_SECOND), pc.equal(pc.minute(ends), _LAST_SECOND))
        ends = pc.if_else(last, pc.add(ends, _SECOND), ends)
        if starts.type == INSTANT:
            ends = pc.if_else(pc.equal(starts, ends), pc.add(ends, _SECOND), ends)
    return {
        "ChargePeriodStart": starts,
        "ChargePeriodEnd": ends,
        "BillingPeriodStart": _read(block, "bill_billing_period_start_date"),
        "BillingPeriodEnd": _read(block, "bill_billing_period_end_date"),
    }


def _read(block: Block, *names: str) -> pa.Array:
    columns = [block.columns[name] for name in names if name in block.columns]
    if not columns:
        return pa.nulls(block.rows, INSTANT)
    read = [_instants(column) for column in columns]
    if any(one is None for one in read):
        return columns[0]
    return pc.coalesce(*read)


def _instants(column: pa.Array) -> pa.Array | None:
    if pa.types.is_nested(column.type):
        return None
    converted = to_instants(column)
    return None if converted.faults else converted.values
