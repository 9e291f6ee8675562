"""The JSON Schema of a report's document: what `document` makes of a dataclass, told beforehand."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attributor import periods

Schema = dict[str, Any]
AMOUNT: Mapping[str, Any] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
"""An exact decimal number, as text."""
_PLAIN: Mapping[type, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: AMOUNT,
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    NoneType: {"type": "null"},
}


def document_schema(kind: Any) -> Schema:
    """Return the schema (2020-12, without references) of the documents of a dataclass, or of a type in one.

    Every field is there in every document. Raises TypeError for a type that no report may hold.
    """
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in (Union, UnionType):
        return _any_of([document_schema(part) for part in parts])
    if origin is tuple:
        return _array(parts)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": document_schema(parts[1])}
    if getattr(kind, "__module__", "") == periods.__name__:
        return {"type": "string"}
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind)
    raise TypeError(f"a report cannot hold {kind}")


def _array(parts: tuple[Any, ...]) -> Schema:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return {"type": "array", "items": document_schema(parts[0])}
    items = [document_schema(part) for part in parts]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _object(kind: type) -> Schema:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    described = {"description": getdoc(kind) or ""} if kind.__doc__ else {}
    properties = {name: document_schema(hints[name]) for name in names}
    return {"type": "object", **described, "properties": properties, "required": names}


def _any_of(found: list[Schema]) -> Schema:
    kept = [each for at, each in enumerate(found) if each not in found[:at]]
    return kept[0] if len(kept) == 1 else {"anyOf": kept}
