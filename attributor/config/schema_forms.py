"""What the parts of the configuration's JSON Schema are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from attributor.config.options import OptionLike

SCALAR = {"type": ["string", "number", "boolean"]}
VARIABLE = r"\$\{\w+\}"
FORMS: Mapping[str, Mapping[str, Any]] = {
    "duration": {"type": "string", "pattern": rf"^\s*\d+\s*(mo|[smhdw])\s*$|{VARIABLE}"},
    "decimal": {"type": ["number", "string"], "pattern": rf"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*$|{VARIABLE}"},
    "integer": {"type": ["integer", "string"], "pattern": rf"^\s*-?[0-9]+\s*$|{VARIABLE}"},
    "url": {"type": "string", "pattern": rf"^https?://|{VARIABLE}"},
    "list": {"type": ["array", "string"]},
    "map": {"type": "object"},
}


def entries(described: Mapping[str, str], kinds: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """Return a map of these keys, with what each is for and its form."""
    properties = {name: {"description": described[name], **kinds[name]} for name in described}
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def or_empty(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A key with nothing behind it is the same as none."""
    kinds = schema["type"]
    return {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}


def words() -> dict[str, Any]:
    """Return one word or a list of them."""
    return {"anyOf": [SCALAR, {"type": "array", "items": SCALAR}]}


def section(options: Sequence[OptionLike]) -> dict[str, Any]:
    """Return a section of options, which may be empty."""
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {option.name: option_schema(option) for option in options},
    }


def option_schema(option: OptionLike) -> dict[str, Any]:
    """Return the form of one option."""
    described = {"description": option.description, "examples": [option.example]}
    if option.default is not None:
        described["default"] = option.default
    return {**described, **FORMS.get(option.kind, SCALAR)}


def one_of_types(types: Mapping[str, Any], common: Sequence[OptionLike]) -> dict[str, Any]:
    """One branch a type, chosen by `type`, so that an editor completes the options of that type alone."""
    branches = []
    for name, kind in sorted(types.items()):
        options = [*common, *(option for option in kind.options if option.name not in {"type", "every"})]
        properties = {option.name: option_schema(option) for option in options}
        properties["type"] = {"const": name, "description": getattr(kind, "summary", name)}
        required = sorted({"type", *(option.name for option in options if option.required)})
        branches.append(
            {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
        )
    return {"type": "object", "required": ["type"], "oneOf": branches}
