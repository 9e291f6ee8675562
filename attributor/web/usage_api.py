"""POST /api/v1/usage: usage events come in, and the answer says that they are on disk."""

import asyncio
from concurrent.futures import Future
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from attributor.web.intake import Counter, Gate, PushCounts, count_nothing, described, take_in
from attributor.web.usage_body import BodyKind
from collectors.push.events import BodyForm, Parsed, parse_events
from collectors.push.log import Appended, EventLog

_SMALL_BODY = 64 * 1024
"""Bytes that are parsed at once; more is parsed beside the event loop, so that other requests go on."""

_FORMS: Final[dict[str, BodyForm]] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "": "detect",
}


def usage_router(log: EventLog, token: str | None = None, counted: Counter = count_nothing) -> APIRouter:
    """Return the route that stores pushed events in `log`.

    With a `token`, only requests that bear it are read. `counted` is told of every body that was stored.
    """
    router = APIRouter()
    gate = Gate(token)
    # One large body at a time: more threads would parse no faster, and only wait for each other.
    parsing = asyncio.Semaphore(1)

    async def store(body: bytes, kind: BodyKind[BodyForm]) -> Response:
        parsed, answer = await _appended(body, kind, log, parsing)
        appended = await asyncio.wrap_future(answer)
        counted(PushCounts(appended.accepted, appended.duplicates, len(parsed.rejected)))
        return _answer(appended, parsed)

    @router.post("/api/v1/usage", openapi_extra=_OPENAPI, responses=_RESPONSES, tags=["usage"])
    async def push_usage(request: Request) -> Response:
        """Store usage events; each counts once by its id, and one bad event never harms the rest."""
        return await take_in(request, gate, _FORMS, store, _refuse)

    return router


async def _appended(
    body: bytes, kind: BodyKind[BodyForm], log: EventLog, parsing: asyncio.Semaphore
) -> tuple[Parsed, Future[Appended]]:
    if len(body) <= _SMALL_BODY and not kind.is_packed:
        return _append(body, kind, log)
    async with parsing:
        return await asyncio.to_thread(_append, body, kind, log)


def _append(body: bytes, kind: BodyKind[BodyForm], log: EventLog) -> tuple[Parsed, Future[Appended]]:
    parsed = parse_events(kind.plain(body), kind.form, log.accepted_span())
    return parsed, log.append(parsed.events)


def _answer(appended: Appended, parsed: Parsed) -> Response:
    rejected = [{"index": each.index, "error": each.error} for each in parsed.rejected]
    content = {"accepted": appended.accepted, "duplicates": appended.duplicates, "rejected": rejected}
    return Response(orjson.dumps(content), media_type="application/json")


def _refuse(status: int, message: str, headers: dict[str, str] | None) -> Response:
    return Response(orjson.dumps({"detail": message}), status, headers, "application/json")


_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "time", "metric", "quantity"],
    "properties": {
        "id": {"type": "string", "maxLength": 200},
        "time": {"type": "string", "format": "date-time"},
        "metric": {"type": "string", "examples": ["tokens.input"]},
        "pool": {"type": ["string", "null"]},
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
_REFUSED: dict[str, Any] = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
_REJECTED: dict[str, Any] = {
    "type": "object",
    "properties": {"index": {"type": "integer", "minimum": 0}, "error": {"type": "string"}},
    "required": ["index", "error"],
}
_STORED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "accepted": {"type": "integer", "minimum": 0},
        "duplicates": {"type": "integer", "minimum": 0},
        "rejected": {"type": "array", "items": _REJECTED},
    },
    "required": ["accepted", "duplicates", "rejected"],
}


_RESPONSES = described(
    "Every accepted event is on disk; the others are told by their place",
    {"application/json": {"schema": _STORED}},
    {"application/json": {"schema": _REFUSED}},
)
