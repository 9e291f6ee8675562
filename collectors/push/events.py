"""A pushed body to events: JSON `{"events": […]}` or one event a line, each accepted or rejected by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from collectors.push.fields import EventError, Span, UsageEvent, check_event

BodyForm: TypeAlias = Literal["json", "ndjson", "detect"]


class _Body(msgspec.Struct):
    events: list[Any]


class _RawBody(msgspec.Struct):
    events: list[msgspec.Raw]


# Floats stay the text they were written as, so that no digit is lost.
_any_decoder = msgspec.json.Decoder(float_hook=str)
_body_decoder = msgspec.json.Decoder(_Body, float_hook=str)
_raw_body_decoder = msgspec.json.Decoder(_RawBody)

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BodyError(ValueError):
    """The body as a whole is not what it should be; nothing of it was accepted."""


@dataclass(frozen=True)
class Rejected:
    """An event that was not accepted; `index` counts the body's events (or lines that are not blank) from 0."""

    index: int
    error: str


@dataclass(frozen=True)
class Parsed:
    """What a body holds: events to store, in the order sent, and those that are refused."""

    events: tuple[UsageEvent, ...]
    rejected: tuple[Rejected, ...]


def parse_events(body: bytes, form: BodyForm, span: Span) -> Parsed:
    """Read a body; raise BodyError where it is no JSON at all. One bad event never harms the rest."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise BodyError('the body is empty; send {"events": [...]} or one event a line')
    if form == "detect":
        form = "json" if _is_json_body(body) else "ndjson"
    return _checked(_json_events(body) if form == "json" else _line_events(body), span)


def _is_json_body(body: bytes) -> bool:
    """Say whether a body without a content type is one document with a list of events."""
    try:
        msgspec.json.decode(body, type=_RawBody)
    except _NOT_JSON:
        return False
    return True


def _json_events(body: bytes) -> Iterable[Any]:
    try:
        return _body_decoder.decode(body).events
    except _NOT_JSON:
        pass  # One event may be at fault, so each is decoded by itself.
    try:
        raws = _raw_body_decoder.decode(body).events
    except msgspec.ValidationError as error:
        raise BodyError(f'send {{"events": [...]}}, or one event a line as application/x-ndjson: {error}') from None
    except _NOT_JSON as error:
        raise BodyError(f"the body is not JSON: {error}") from None
    return [_decoded(raw) for raw in raws]


def _line_events(body: bytes) -> Iterable[Any]:
    lines = [line for line in body.splitlines() if line.strip()]
    events = [_decoded(line) for line in lines]
    if all(isinstance(event, EventError) for event in events):
        raise BodyError(f"the body is not JSON, one event a line: {events[0]}")
    return events


def _decoded(text: bytes | msgspec.Raw) -> Any:
    """Return one event's JSON, or the EventError that says why it has none."""
    try:
        return _any_decoder.decode(text)
    except _NOT_JSON as error:
        return EventError(f"not JSON: {error}")


def _checked(raws: Iterable[Any], span: Span) -> Parsed:
    events: list[UsageEvent] = []
    rejected: list[Rejected] = []
    for index, raw in enumerate(raws):
        try:
            if type(raw) is EventError:
                raise raw
            events.append(check_event(raw, span))
        except EventError as error:
            rejected.append(Rejected(index, str(error)))
    return Parsed(tuple(events), tuple(rejected))
