"""Counts in what a provider answers, and the normal form: every token in one metric, all of them the total."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from collectors.api.buckets import Result
from collectors.api.results import ResultError, text_or_none
from collectors.api.rows import Row

Counts = Mapping[str, int]
"""Quantity by metric."""


def counted(result: Result, field: str) -> int:
    """Return a count that must be there; raise ResultError where it is missing or is no count."""
    count = optional(result, field)
    if count is None:
        raise ResultError(field, None, "is missing; what was used is not known without it")
    return count


def optional(result: Result, field: str) -> int | None:
    """Return a count, None where it is missing or null; raise ResultError where it is no whole number of 0 or more."""
    value: Any = result.get(field)
    if value is None:
        return None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        whole = True
    if not whole or value < 0:
        raise ResultError(field, value, "is no count, which is a whole number of 0 or more")
    return int(value)


def parted(total: int, parts: Counts, rest: str, field: str) -> Counts:
    """Part a provider's total into metrics: what no part takes is `rest`, so that all of them are the total.

    Raises ResultError, for the total's field, where the parts are more than the total.
    """
    left = total - sum(parts.values())
    if left < 0:
        raise ResultError(field, total, f"is less than its parts, which are {sum(parts.values())}")
    return {rest: left, **parts}


def agreed(result: Result, field: str, count: int) -> None:
    """Raise ResultError where a field that says the same count otherwise says another number."""
    stated = optional(result, field)
    if stated is not None and stated != count:
        raise ResultError(field, stated, f"contradicts the other counts, by which it is {count}")


def usage_rows(hour: datetime, counts: Counts, facts: Mapping[str, str | None]) -> Iterator[Row]:
    """Yield a row for each metric that counts something."""
    for metric, quantity in counts.items():
        if quantity:
            yield {"hour": hour, "metric": metric, "quantity": quantity, **facts}


def facts_of(result: Result, names: Sequence[tuple[str, str]]) -> dict[str, str | None]:
    """Return facts by our names from (ours, the provider's) pairs; raise ResultError where a value is no text."""
    return {ours: text_or_none(result, theirs) for ours, theirs in names}
