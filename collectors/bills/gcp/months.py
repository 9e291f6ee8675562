"""Invoice months: Google's run from midnight to midnight in Pacific time, charges by the hour in UTC."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from collectors.schema import INSTANT
from collectors.values.distinct import Converted, Distinct, by_distinct

_MONTH = re.compile(r"(20[0-9]{2})(0[1-9]|1[0-2])")
_PACIFIC = "America/Los_Angeles"


def invoice_starts(months: pa.Array) -> Converted:
    """Return when invoice months such as 202611 start, in UTC: 7 or 8 in the morning of the first."""
    return by_distinct(months, lambda texts: _distinct(texts, 0))


def invoice_ends(months: pa.Array) -> Converted:
    """Return when invoice months end, which is when the following ones start."""
    return by_distinct(months, lambda texts: _distinct(texts, 1))


def _distinct(texts: pa.Array, later: int) -> Distinct:
    values: list[datetime | None] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(texts.to_pylist()):
        found = _MONTH.fullmatch(text)
        values.append(None if found is None else _start(int(found[1]), int(found[2]) + later))
        if found is None:
            faults[position] = "is no invoice month such as 202611"
    return Distinct(pa.array(values, INSTANT), faults)


def _start(year: int, month: int) -> datetime:
    first = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=ZoneInfo(_PACIFIC))
    return first.astimezone(UTC)
