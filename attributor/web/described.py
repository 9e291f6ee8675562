"""What OpenAPI says of answers: the schema of a report's document, and of what is refused."""

from collections.abc import Mapping
from typing import Any

import msgspec

from attributor.reports.document_schema import Schema, document_schema

Described = Mapping[int | str, dict[str, Any]]
"""Answers by status."""
_REFUSED: Schema = {
    "type": "object",
    "properties": {
        "detail": {"type": "string", "description": "What is wrong, and how to write it"},
        "near": {"type": "array", "items": {"type": "string"}, "description": "What may have been meant"},
    },
    "required": ["detail"],
}


def in_json(schema: Schema, description: str, status: int = 200) -> Described:
    """Describe an answer in JSON."""
    return {status: {"description": description, "content": {"application/json": {"schema": schema}}}}


def documented(*kinds: type, status: int = 200) -> Described:
    """Describe an answer that is the document of a report, or of one of several."""
    schemas = [document_schema(kind) for kind in kinds]
    return in_json(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}, "The report", status)


def refused(status: int, description: str) -> Described:
    """Describe why nothing is answered or done."""
    return in_json(_REFUSED, description, status)


_ANY: tuple[Described, ...] = (
    refused(400, "What is asked cannot be read; the detail says the form"),
    refused(401, "Where people sign in: nobody said who asks"),
    refused(403, "Where people sign in: it is not for whoever asks"),
    refused(422, "A parameter is missing, of the wrong type, or not known; the detail says which"),
    refused(429, "Where people sign in: too many questions at once"),
)
NOT_FOUND = refused(404, "There is nothing of that name")
BODY_REFUSED = {**refused(413, "The body is too large"), **refused(415, "The body is not JSON")}


def answers(*described: Described) -> dict[int | str, dict[str, Any]]:
    """Put answers together; what any address may be answered is among them."""
    return {status: said for each in (*_ANY, *described) for status, said in each.items()}


def body(form: type[msgspec.Struct]) -> dict[str, Any]:
    """Describe the body that a route reads, for `openapi_extra`."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": struct_schema(form)}}}}


def struct_schema(form: type[msgspec.Struct]) -> Schema:
    """Return the schema of a form that holds no other forms."""
    _, components = msgspec.json.schema_components([form])
    return dict(components[form.__name__])


def list_of(name: str, schema: Schema) -> Described:
    """Describe an answer that is a list under a name."""
    listed = {"type": "object", "properties": {name: {"type": "array", "items": schema}}, "required": [name]}
    return in_json(listed, "All of them")
