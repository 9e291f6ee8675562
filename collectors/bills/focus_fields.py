"""Single FOCUS columns: filled from their stand-ins, brought to text, checked."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from collectors.files.block import Block
from collectors.files.rows import note_faults
from collectors.problems import Problems
from collectors.schema import TAGS
from collectors.values.distinct import Distinct, by_distinct
from collectors.values.pairs import to_json, to_pairs

_CURRENCY = re.compile(r"[^\W\d_][\w .&/+-]{2,49}")
_MISFIT = (TypeError, pa.ArrowInvalid, pa.ArrowNotImplementedError)


def coalesced(block: Block, name: str, stand_ins: tuple[str, ...]) -> pa.Array:
    """Return a column with its gaps filled from its stand-ins in order; all null where the file has none of them."""
    found = [block.columns[one] for one in (name, *stand_ins) if one in block.columns]
    if not found:
        return pa.nulls(block.rows, pa.string())
    if len(found) == 1 or not found[0].null_count:
        return found[0]
    return pc.coalesce(*found)


def text_of(block: Block, name: str, column: pa.Array, problems: Problems) -> pa.Array:
    """Bring a column to text: key-value types become a JSON object, what holds neither is a problem of the file."""
    if pa.types.is_string(column.type):
        return column
    if not pa.types.is_nested(column.type):
        return column.cast(pa.string())
    return to_json(pairs_of(block, name, column, problems))


def pairs_of(block: Block, name: str, column: pa.Array, problems: Problems) -> pa.MapArray:
    """Bring a column to a clean map; what holds no keys and values is a problem of its rows or of the file."""
    try:
        converted = to_pairs(column)
    except _MISFIT as error:
        problems.add(block.place, f"holds no keys and values: {error}", field=name)
        return pa.nulls(block.rows, TAGS)
    note_faults(block, name, converted.faults, problems)
    return converted.values


def checked_currencies(block: Block, column: pa.Array, problems: Problems) -> pa.Array:
    """Return the currencies, three letters in capitals; a virtual currency, such as credits, stays as it is."""
    converted = by_distinct(text_of(block, "BillingCurrency", column, problems), _distinct_currencies)
    note_faults(block, "BillingCurrency", converted.faults, problems)
    return converted.values


def _distinct_currencies(texts: pa.Array) -> Distinct:
    values: list[str | None] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(texts.to_pylist()):
        name = text.strip()
        if _CURRENCY.fullmatch(name):
            values.append(name.upper() if len(name) == 3 and name.isascii() else name)
        else:
            values.append(None)
            faults[position] = "is no currency; write three letters, such as USD, or the name of a virtual currency"
    return Distinct(pa.array(values, pa.string()), faults)
