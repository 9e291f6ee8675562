"""Attributes of OpenTelemetry as OTLP writes them in JSON."""

from typing import Any

_KINDS = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue", list: "arrayValue"}


def value(of: Any) -> dict[str, Any]:
    """Write a value; whole numbers are text."""
    return {_KINDS[type(of)]: str(of) if type(of) is int else {"values": of} if type(of) is list else of}


def attributes(of: dict[str, Any]) -> list[dict[str, Any]]:
    """Write attributes."""
    return [{"key": key, "value": value(each)} for key, each in of.items()]
