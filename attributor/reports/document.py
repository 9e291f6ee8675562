"""A report as the JSON document that carries it: amounts as decimal strings, times in ISO 8601."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from attributor.money import plain
from attributor.periods import Month, Span


def document(value: object) -> Any:
    """Return dataclasses as objects by field name, Decimals as plain strings, days, times and periods as text.

    Raises TypeError for anything that no report may hold; float is such.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Month | Span):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): document(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [document(item) for item in value]
    if is_dataclass(value):
        return {field.name: document(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a report cannot hold {type(value).__name__}")
