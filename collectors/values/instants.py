"""Instants: the date and time forms of real exports in, aware UTC microseconds out."""

import re
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from collectors.schema import INSTANT
from collectors.values.distinct import Converted, Distinct, Fault, by_distinct, rows_where

_FORM = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?) ?(Z|z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_MESSAGE = "is not a date or time; write it as 2026-11-20T13:00:00Z"


def to_instants(column: pa.Array) -> Converted:
    """Convert text, timestamps or dates to aware UTC; one without an offset is taken as UTC.

    Text is ISO 8601 with "T" or a blank, seconds and offset optional, or a date alone (midnight). What is finer than
    a microsecond is cut. Anything else, and years outside 1970 to 2199, are faults.
    """
    if pa.types.is_string(column.type):
        converted = by_distinct(column, _distinct_instants)
    else:
        converted = Converted(_from_temporal(column))
    return _within_range(converted)


def _from_temporal(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        return column.cast(INSTANT, safe=False)
    naive = column.cast(pa.timestamp("us"), safe=False)
    return pc.assume_timezone(naive, "UTC")


def _distinct_instants(texts: pa.Array) -> Distinct:
    values: list[datetime | None] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(texts.to_pylist()):
        instant = instant_of(text)
        values.append(instant)
        if instant is None:
            faults[position] = _MESSAGE
    return Distinct(pa.array(values, INSTANT), faults)


def instant_of(text: str) -> datetime | None:
    """Read one text of such a form; None where it is none."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    day, time, offset = match.groups()
    zone = "+00:00" if offset in {None, "Z", "z", "UTC"} else offset
    try:
        return datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _within_range(converted: Converted) -> Converted:
    values = converted.values
    outside = pc.or_(
        pc.less(values, pa.scalar(_EARLIEST, INSTANT)), pc.greater_equal(values, pa.scalar(_LATEST, INSTANT))
    )
    rows = rows_where(outside)
    if not rows:
        return converted
    late = tuple(Fault(row, values[row].cast(pa.string()).as_py(), "is outside the years 1970 to 2199") for row in rows)
    return Converted(values, converted.faults + late)
