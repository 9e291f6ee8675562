"""Bodies of OTLP/HTTP that hold spans, in JSON or protobuf, as the few things of spans that are counted."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from collectors.otlp.attributes import Attribute, Attributes, Form, Resource, of_json
from collectors.otlp.packed import TracesRequest, Unpacking
from collectors.push.events import BodyError

_ERROR = 2
_is_hexadecimal = re.compile("[0-9a-f]*").fullmatch


class Span(msgspec.Struct, frozen=True, gc=False):
    """One span: its start in nanoseconds since 1970 UTC, and the attributes asked for.

    Its ids are in small hexadecimal letters, empty where they were in none.
    """

    trace: str
    span: str
    start: int
    failed: bool
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans of one resource."""

    resource: Attributes
    spans: list[Span]


class _Status(msgspec.Struct, gc=False):
    code: int = 0


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    start_time_unix_nano: int | str = 0
    attributes: list[Attribute] = []
    status: _Status | None = None


class _ScopeSpans(msgspec.Struct):
    spans: list[_Span] = []


class _ResourceSpans(msgspec.Struct, rename="camel"):
    resource: Resource | None = None
    scope_spans: list[_ScopeSpans] = []


class _Traces(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceSpans] = []


_traces = msgspec.json.Decoder(_Traces)


def read_spans(body: bytes, form: Form, wanted: AbstractSet[str]) -> list[Spans]:
    """Read an ExportTraceServiceRequest, of its attributes those that are wanted; raise BodyError."""
    return _READERS[form](body, wanted)


def _from_json(body: bytes, wanted: AbstractSet[str]) -> list[Spans]:
    try:
        traces = _traces.decode(body)
        return [
            Spans(
                of_json(of.resource.attributes, wanted) if of.resource else {},
                [_json_span(span, wanted) for scope in of.scope_spans for span in scope.spans],
            )
            for of in traces.resource_spans
        ]
    except (ValueError, RecursionError) as error:
        raise BodyError(f"the body is no JSON of an ExportTraceServiceRequest: {error}") from None


def _json_span(span: _Span, wanted: AbstractSet[str]) -> Span:
    failed = span.status is not None and span.status.code == _ERROR
    start = int(span.start_time_unix_nano)
    trace, name = _identity(span.trace_id), _identity(span.span_id)
    return Span(trace, name, start, failed, of_json(span.attributes, wanted))


def _identity(text: str) -> str:
    small = text.lower()
    return small if _is_hexadecimal(small) else ""


def _from_protobuf(body: bytes, wanted: AbstractSet[str]) -> list[Spans]:
    unpacking = Unpacking(wanted)
    try:
        return [
            Spans(
                unpacking.read(of.resource.attributes),
                [_protobuf_span(span, unpacking) for scope in of.scope_spans for span in scope.spans],
            )
            for of in TracesRequest.FromString(body).resource_spans
        ]
    except DecodeError as error:
        raise BodyError(f"the body is no ExportTraceServiceRequest: {error}") from None


def _protobuf_span(span: Any, unpacking: Unpacking) -> Span:
    failed = span.status.code == _ERROR
    attributes = unpacking.read(span.attributes)
    return Span(span.trace_id.hex(), span.span_id.hex(), span.start_time_unix_nano, failed, attributes)


_READERS: Mapping[Form, Callable[[bytes, AbstractSet[str]], list[Spans]]] = {
    "json": _from_json,
    "protobuf": _from_protobuf,
}
