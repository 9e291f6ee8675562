"""A pushed body to events: JSON `{"events": […]}` or one event a line, each accepted or rejected by itself."""

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from collectors.push.columns import check_events
from collectors.push.fields import EventError, Span, UsageEvent

BodyForm: TypeAlias = Literal["json", "ndjson", "detect"]


# Floats stay the text they were written as, so that no digit is lost.
_decoder = msgspec.json.Decoder(float_hook=str)
_NOT_JSON = (ValueError, RecursionError)
_LONGEST_WHOLE = 100


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
    if form == "ndjson" or (form == "detect" and _begins_with_event(body)):
        return _checked(_line_events(body), span)
    return _checked(_document_events(body), span)


def _begins_with_event(body: bytes) -> bool:
    """Say whether the first line of a body without a content type is an event of its own."""
    first = body.lstrip().partition(b"\n")[0]
    try:
        found = _decoder.decode(first)
    except _NOT_JSON:
        return False
    return type(found) is dict and "events" not in found


def _document_events(body: bytes) -> list[Any]:
    try:
        document = _decoded(body)
    except _NOT_JSON as error:
        raise BodyError(f"the body is not JSON: {error}") from None
    events = document.get("events") if type(document) is dict else None
    if type(events) is not list:
        raise BodyError('the body has no list of events; send {"events": [...]}, or lines as application/x-ndjson')
    return events


def _line_events(body: bytes) -> list[Any]:
    events: list[Any] = []
    first_error: EventError | None = None
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            events.append(_decoded(line))
        except _NOT_JSON as error:
            events.append(EventError(f"not JSON: {error}"))
            first_error = first_error or events[-1]
    if first_error is not None and all(type(event) is EventError for event in events):
        raise BodyError(f"the body is not JSON, one event a line: {first_error}")
    return events


def _decoded(text: bytes) -> Any:
    """Decode JSON, floats as text; raise ValueError or RecursionError.

    What strict JSON does not know (NaN, half a surrogate pair) or a machine word cannot hold stands in one event, as
    a rule, and must not harm the others: a second, slower reader lets it through to the check of that event.
    """
    try:
        return _decoder.decode(text)
    except _NOT_JSON:
        return json.loads(text, parse_float=str, parse_int=_whole, parse_constant=str)


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _LONGEST_WHOLE else text


def _checked(raws: list[Any], span: Span) -> Parsed:
    events, errors = check_events(raws, span)
    return Parsed(tuple(events), tuple(Rejected(index, str(errors[index])) for index in sorted(errors)))
