"""Scalars of the configuration: text in, a value of the key's type out, or a problem with the fix."""

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

_DURATION = re.compile(r"(\d+)\s*(mo|s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 31 * 86_400}
_TRUE = {"true", "yes", "on"}
_FALSE = {"false", "no", "off"}


def parse_duration(text: str) -> timedelta:
    """Read "90s", "5m", "2h", "1d" "1w" or "13mo" (of 31 days); raise ValueError that says the form."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0 or len(match[1]) > 6:
        raise ValueError(f"{text!r} is not a duration; write a number and s, m, h, d, w or mo, for example 5m")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def parse_decimal(text: str) -> Decimal:
    """Read a decimal number exactly; raise ValueError that says the form."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a number; write it like 1234.50")
    return number


def parse_integer(text: str) -> int:
    """Read a whole number; raise ValueError that says the form."""
    if not re.fullmatch(r"-?\d{1,18}", text.strip()):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def parse_boolean(text: str) -> bool:
    """Read true or false (also yes, no, on, off); raise ValueError that says the form."""
    word = text.strip().casefold()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is neither true nor false")
    return word in _TRUE


def parse_url(text: str) -> str:
    """Read an http(s) URL; raise ValueError without repeating it, for a URL can be a secret."""
    if not re.fullmatch(r"https?://[^\s/]+\S*", text):
        raise ValueError("this is not a URL; it begins with http:// or https://")
    return text
