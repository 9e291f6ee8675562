"""Attributes of OpenTelemetry as plain values."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Literal, TypeAlias

import msgspec

Form: TypeAlias = Literal["json", "protobuf"]
Value: TypeAlias = str | int | float
"""Truth values are the texts true and false: a dictionary takes True and 1 for one key."""

Attributes: TypeAlias = Mapping[str, Value]


class AnyValue(msgspec.Struct, rename="camel", gc=False):
    """A value in JSON; lists, maps and bytes stay as they were written."""

    string_value: str | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    bool_value: bool | None = None
    array_value: msgspec.Raw = msgspec.Raw()
    kvlist_value: msgspec.Raw = msgspec.Raw()
    bytes_value: msgspec.Raw = msgspec.Raw()


class Attribute(msgspec.Struct, gc=False):
    """An attribute in JSON."""

    key: str = ""
    value: AnyValue | None = None


class Resource(msgspec.Struct):
    """A resource in JSON."""

    attributes: list[Attribute] = []


def of_json(attributes: list[Attribute], wanted: AbstractSet[str] | None) -> dict[str, Value]:
    """Return the attributes that are wanted; None wants all, those of other kinds than plain ones as some text.

    Raises ValueError where a number is none.
    """
    found: dict[str, Value] = {}
    for attribute in attributes:
        value = attribute.value
        if value is None or (wanted is not None and attribute.key not in wanted):
            continue
        if value.string_value is not None:
            found[attribute.key] = value.string_value
        elif value.int_value is not None:
            found[attribute.key] = int(value.int_value)
        elif value.bool_value is not None:
            found[attribute.key] = "true" if value.bool_value else "false"
        elif value.double_value is not None:
            found[attribute.key] = float(value.double_value)
        elif wanted is None:
            raws = (value.array_value, value.kvlist_value, value.bytes_value)
            found[attribute.key] = b" ".join(bytes(raw) for raw in raws).decode()
    return found
