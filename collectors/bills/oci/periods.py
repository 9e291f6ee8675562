"""When Oracle's usage happened, and in which month it is billed: that of its usage, in UTC."""

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.oci.columns import END, START
from collectors.files.block import Block
from collectors.schema import INSTANT
from collectors.values.instants import to_instants

_MONTHS = 12


def periods_of(block: Block) -> dict[str, pa.Array]:
    """Return the four times of a block; where a time cannot be read its column stays as it is, to be refused by row."""
    starts, ends = _read(block.columns[START]), _read(block.columns[END])
    periods = {"ChargePeriodStart": starts, "ChargePeriodEnd": ends}
    if starts.type == INSTANT:
        month = pc.floor_temporal(starts, unit="month")
        periods |= {"BillingPeriodStart": month, "BillingPeriodEnd": _following(month)}
    return periods


def _read(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type):
        return column
    converted = to_instants(column)
    return column if converted.faults else converted.values


def _following(months: pa.Array) -> pa.Array:
    """Return the start of the month after each."""
    encoded = months.dictionary_encode()
    following = [
        start.replace(year=start.year + start.month // _MONTHS, month=start.month % _MONTHS + 1)
        for start in encoded.dictionary.to_pylist()
    ]
    return pa.array(following, INSTANT).take(encoded.indices)
