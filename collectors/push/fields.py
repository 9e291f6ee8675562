"""One pushed event: what it holds, and the check of each field."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import msgspec

DECIMALS = 12
UNITS_PER_ONE: int = 10**DECIMALS
LONGEST_ID = 200
LONGEST_METRIC = 100
LONGEST_TEXT = 300
LONGEST_FACT_NAME = 100
MOST_FACTS = 32
LARGEST_QUANTITY = 10**12
"""Above this, one event is taken for a mistake: a day's sums are kept in 64-bit millionths."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WIDE = Context(prec=200)
_LONGEST_NUMBER = 100

_is_plain_number = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?").fullmatch
_are_plain_numbers = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,12})?\n)*").fullmatch
_is_number = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?").fullmatch
_surrogate = re.compile("[\ud800-\udfff]").search
_is_metric = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}").fullmatch


class EventError(ValueError):
    """One event cannot be accepted; the message names the field, the value and what would be right."""


class UsageEvent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was used at one instant, as accepted.

    `time` is microseconds since 1970 UTC. `quantity` is >= 0 and exact: a whole number, or a decimal written out
    with at most twelve decimals. `facts` say who used it; none of them is empty.
    """

    id: str
    time: int
    metric: str
    pool: str | None
    quantity: int | str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Span:
    """The times that are accepted: aware UTC, half-open."""

    oldest: datetime
    end: datetime


def microseconds(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(micros: int) -> datetime:
    """Return microseconds since 1970 UTC as an aware datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def units(quantity: int | str) -> int:
    """Return an accepted quantity as an integer of 1e-12 units."""
    if isinstance(quantity, int):
        return quantity * UNITS_PER_ONE
    whole, _, fraction = quantity.partition(".")
    return int(whole + fraction.ljust(DECIMALS, "0"))


def check_id(value: Any) -> str:
    """Return an event's id; raise EventError."""
    return _text("id", value, LONGEST_ID)


def _text(name: str, value: Any, longest: int) -> str:
    if type(value) is not str or not value:
        raise EventError(f"{name} is missing" if value in (None, "") else f"{name} = {_shown(value)} is not text")
    if len(value) > longest:
        raise EventError(f"{name} = {_shown(value)} is longer than {longest} characters")
    if not is_storable(value):
        raise EventError(f"{name} = {_shown(value)} holds a NUL or half a character")
    return value


def is_storable(text: str) -> bool:
    """Say whether text is free of NUL, which databases refuse, and of half surrogate pairs, which are not UTF-8."""
    return "\x00" not in text and (text.isascii() or _surrogate(text) is None)


def check_metric(value: Any) -> str:
    """Return an event's metric; raise EventError."""
    if type(value) is str and _is_metric(value):
        return value
    metric = _text("metric", value, LONGEST_METRIC)
    raise EventError(f"metric = {_shown(metric)} is not a dotted name such as tokens.input")


def check_pool(value: Any) -> str | None:
    """Return an event's pool, None where there is none; raise EventError."""
    if value is None or value == "":
        return None
    return _text("pool", value, LONGEST_TEXT)


def check_time(value: Any, span: Span) -> int:
    """Return an event's time as microseconds since 1970 UTC; raise EventError."""
    if type(value) is not str:
        raise EventError("time is missing" if value is None else f"time = {_shown(value)} is not ISO 8601 text")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise EventError(f"time = {_shown(value)} is not ISO 8601, such as 2026-11-20T10:00:00Z") from None
    if moment.tzinfo is None:
        raise EventError(f"time = {_shown(value)} has no time zone; end it with Z or an offset")
    if moment < span.oldest:
        raise EventError(f"time = {_shown(value)} is before {span.oldest.isoformat()}, the oldest day still open")
    if moment >= span.end:
        raise EventError(f"time = {_shown(value)} is too far ahead of the server's clock")
    return (moment - _EPOCH) // _MICROSECOND


def check_quantity(value: Any) -> int | str:
    """Return an event's quantity as UsageEvent holds it; raise EventError."""
    if type(value) is int:
        if 0 <= value <= LARGEST_QUANTITY:
            return value
        raise _out_of_range(value)
    if type(value) is not str:
        raise EventError("quantity is missing" if value is None else f"quantity = {_shown(value)} is not a number")
    return value if _is_plain_number(value) else _written_out(value)


def are_plain_numbers(texts: Sequence[str]) -> bool:
    """Say whether all texts are quantities that `check_quantity` returns as they are."""
    lines = "\n".join([*texts, ""])
    return _are_plain_numbers(lines) is not None and lines.count("\n") == len(texts)


def _written_out(text: str) -> int | str:
    """Return an unusual spelling (exponent, sign, many digits) as a whole number or written-out decimal."""
    if _is_number(text) is None or len(text) > _LONGEST_NUMBER:
        raise EventError(f"quantity = {_shown(text)} is not a number")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise EventError(f"quantity = {_shown(text)} is not a number") from None
    if not 0 <= value <= LARGEST_QUANTITY:
        raise _out_of_range(text)
    if value == 0:
        return 0
    scaled = value.scaleb(DECIMALS, _WIDE) if value.adjusted() >= -DECIMALS else Decimal("0.5")
    if scaled != scaled.to_integral_value(context=_WIDE):
        raise EventError(f"quantity = {_shown(text)} has more than {DECIMALS} decimals")
    whole, fraction = divmod(int(scaled), UNITS_PER_ONE)
    return f"{whole}.{fraction:0{DECIMALS}d}" if fraction else whole


def _out_of_range(value: object) -> EventError:
    return EventError(f"quantity = {_shown(value)} is not between 0 and {LARGEST_QUANTITY:,}")


def check_facts(rest: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts among what an event holds beside its own fields, as text; raise EventError."""
    texts = {name: _fact_text(name, value) for name, value in rest.items()}
    facts = {name: text for name, text in texts.items() if text is not None}
    for name in facts:
        if not is_fact_name(name):
            raise EventError(f"the fact name {_shown(name)} is empty, too long, or holds a NUL or half a character")
    if len(facts) > MOST_FACTS:
        raise EventError(f"{len(facts)} facts are more than {MOST_FACTS}")
    return facts


def is_fact_name(name: str) -> bool:
    """Say whether a fact may be called so."""
    return 0 < len(name) <= LONGEST_FACT_NAME and is_storable(name)


def is_plain_fact(value: Any) -> bool:
    """Say whether a fact's value is stored as it is."""
    return type(value) is str and 0 < len(value) <= LONGEST_TEXT and is_storable(value)


def _fact_text(name: str, value: Any) -> str | None:
    """Return a fact as text, or None where it is absent."""
    if type(value) is str:
        return _text(name, value, LONGEST_TEXT) if value else None
    if value is None:
        return None
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    raise EventError(f"the fact {_shown(name)} is nested; facts are text, numbers or true and false")


def _shown(value: object) -> str:
    """Return a value short enough for an error message; what is nested, however deep, only by its kind."""
    text = "[...]" if isinstance(value, list) else "{...}" if isinstance(value, dict) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
