"""Reading a source's options: text in, typed values out, ValueError for the user."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from collectors.base import Option, SourceSettings

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "mo": timedelta(days=31),
}
"""A month is the longest that there is: what is asked for so many months back is never less."""
_DURATION = re.compile(r"(?:[0-9]+(?:mo|[smhdw]))+")
_PART = re.compile(r"([0-9]+)(mo|[smhdw])")
_COMMON = frozenset({"type", "every", "stale_after"})


def option_texts(settings: SourceSettings, options: tuple[Option, ...]) -> Mapping[str, str]:
    """Return every option's text, defaults filled in; lists and those without value are left out.

    Raises ValueError where an option is unknown, missing though required, or no plain text.
    """
    known = {option.name for option in options}
    unknown = sorted(set(settings.options) - known - _COMMON)
    if unknown:
        raise ValueError(f"unknown option {unknown[0]!r}; there are {', '.join(sorted(known))}")
    texts: dict[str, str] = {}
    for option in options:
        if option.kind in {"list", "map"}:
            continue
        value = settings.options.get(option.name, option.default)
        if value is None or value == "":
            if option.required:
                raise ValueError(f"{option.name} is missing; write for example {option.name}: {option.example}")
            continue
        if not isinstance(value, str):
            raise ValueError(f"{option.name} is one value, not {type(value).__name__}")
        texts[option.name] = value
    return texts


def duration(name: str, text: str) -> timedelta:
    """Read "15d", "1h30m" or "45s"; raise ValueError that says the form otherwise."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{name}: {text!r} is not a duration; write it as 30s, 5m, 1h30m, 15d, 2w or 13mo")
    try:
        return sum((int(number) * _UNITS[unit] for number, unit in _PART.findall(text)), timedelta())
    except OverflowError as error:
        raise ValueError(f"{name}: {text!r} is too long") from error


def decimal(name: str, text: str, low: Decimal, high: Decimal) -> Decimal:
    """Read a decimal number within [low, high]; raise ValueError otherwise."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{name}: {text!r} is not a number") from error
    if not (value.is_finite() and low <= value <= high):
        raise ValueError(f"{name}: {text} is not between {low} and {high}")
    return value


def choice(name: str, text: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words; raise ValueError otherwise."""
    if text not in allowed:
        raise ValueError(f"{name}: {text!r} is not one of {', '.join(allowed)}")
    return text


def option_list(settings: SourceSettings, name: str) -> tuple[str, ...]:
    """Return a list of texts, empty where the option is not given; raise ValueError where it is anything else."""
    value = settings.options.get(name)
    if value is None or value == "":
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError(f"{name} is a list of words")
    return tuple(items)


def option_map(settings: SourceSettings, name: str) -> dict[str, str]:
    """Return a map of texts, empty where the option is not given; raise ValueError where it is anything else."""
    value = settings.options.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) and text for text in value.values()):
        raise ValueError(f"{name} is a map of words")
    return dict(value)
