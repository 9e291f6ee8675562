"""POST /api/v1/usage: usage events come in, and the answer says that they are on disk."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from fastapi import APIRouter, Request, Response

from attributor.web.usage_body import (
    LARGEST_BODY,
    BodyKind,
    RefusedBodyError,
    Room,
    body_kind,
    held_body,
    unpacked,
)
from collectors.push.events import BodyError, Parsed, parse_events
from collectors.push.fields import Span
from collectors.push.log import Appended, EventLog, LogUnavailableError

_SMALL_BODY = 64 * 1024
"""Bytes that are parsed at once; more is parsed beside the event loop, so that other requests go on."""

_MOST_HELD = 8 * LARGEST_BODY
"""Bytes of bodies that are held at once; what comes beyond them is asked to come again."""

_RETRY_AFTER = {"Retry-After": "5"}
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class PushCounts:
    """What became of the events of one body."""

    accepted: int
    duplicates: int
    rejected: int


Counter: TypeAlias = Callable[[PushCounts], None]


def count_nothing(_counts: PushCounts) -> None:
    """Stand in where nobody counts."""


def usage_router(log: EventLog, token: str | None = None, counted: Counter = count_nothing) -> APIRouter:
    """Return the route that stores pushed events in `log`.

    With a `token`, only requests that bear it are read. `counted` is told of every body that was stored.
    """
    router = APIRouter()
    room = Room(_MOST_HELD)

    @router.post("/api/v1/usage", openapi_extra=_OPENAPI, responses=_RESPONSES, tags=["usage"])
    async def push_usage(request: Request) -> Response:
        """Store usage events; each counts once by its id, and one bad event never harms the rest."""
        if token is not None and not bears(request, token):
            return _error(401, "a bearer token is needed, and this is not it", _CHALLENGE)
        try:
            kind = body_kind(request)
            async with held_body(request, room) as body:
                parsed = await _parsed(body, kind, log.accepted_span())
                appended = await asyncio.wrap_future(log.append(parsed.events))
        except RefusedBodyError as error:
            return _error(error.status, str(error), _RETRY_AFTER if error.status == 503 else None)
        except BodyError as error:
            return _error(400, str(error))
        except LogUnavailableError as error:
            return _error(503, f"nothing was stored, send it again later: {error}", _RETRY_AFTER)
        counted(PushCounts(appended.accepted, appended.duplicates, len(parsed.rejected)))
        return _answer(appended, parsed)

    return router


async def _parsed(body: bytes, kind: BodyKind, span: Span) -> Parsed:
    if len(body) <= _SMALL_BODY and not kind.is_packed:
        return parse_events(body, kind.form, span)
    return await asyncio.to_thread(_unpack_and_parse, body, kind, span)


def _unpack_and_parse(body: bytes, kind: BodyKind, span: Span) -> Parsed:
    return parse_events(unpacked(body) if kind.is_packed else body, kind.form, span)


def bears(request: Request, token: str) -> bool:
    """Say whether a request shows this bearer token."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    # Headers are bytes that the framework reads as Latin-1.
    is_same = hmac.compare_digest(shown.strip().encode("latin-1"), token.encode())
    return scheme.lower() == "bearer" and is_same


def _answer(appended: Appended, parsed: Parsed) -> Response:
    rejected = [{"index": each.index, "error": each.error} for each in parsed.rejected]
    content = {"accepted": appended.accepted, "duplicates": appended.duplicates, "rejected": rejected}
    return Response(orjson.dumps(content), media_type="application/json")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps({"error": message}), status, headers, "application/json")


_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "time", "metric", "quantity"],
    "properties": {
        "id": {"type": "string", "maxLength": 200},
        "time": {"type": "string", "format": "date-time"},
        "metric": {"type": "string", "example": "tokens.input"},
        "pool": {"type": "string", "nullable": True},
        "quantity": {"oneOf": [{"type": "number", "minimum": 0}, {"type": "string"}]},
    },
    "additionalProperties": {"description": "a fact about who used it: text, a number, true or false"},
}
_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events"],
                    "properties": {"events": {"type": "array", "items": _EVENT}},
                }
            },
            "application/x-ndjson": {"schema": {"type": "string", "description": "one event a line"}},
        },
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Every accepted event is on disk"},
    400: {"description": "The body is not JSON; nothing was stored"},
    401: {"description": "The bearer token is missing or wrong"},
    413: {"description": "The body is too large; nothing was stored"},
    415: {"description": "The body's type or encoding is not read; nothing was stored"},
    503: {"description": "The log cannot be written; nothing was stored, send it again"},
}
