"""POST /v1/traces and /v1/metrics: OTLP/HTTP comes in, and the answer says that what was used is on disk."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from attributor.web.intake import Counter, Gate, PushCounts, count_nothing, described, take_in
from attributor.web.usage_body import BodyKind, media_type
from collectors.otlp.attributes import Form
from collectors.otlp.receiver import Received, Receiver
from collectors.otlp.spans import Counted

logger = logging.getLogger(__name__)

_FORMS: dict[str, Form] = {"application/x-protobuf": "protobuf", "application/json": "json"}
_TYPES: dict[Form, str] = {form: name for name, form in _FORMS.items()}
_LONGEST_MESSAGE = 127
_MOST_WARNINGS = 1000


@dataclass(frozen=True)
class _Signal:
    """One of OpenTelemetry's signals: who stores it, its answer, and how that spells what is refused."""

    store: Callable[[bytes, Form], Received]
    response: Any
    rejected: str
    rejected_in_json: str


def otlp_router(receiver: Receiver, token: str | None = None, counted: Counter = count_nothing) -> APIRouter:
    """Return the routes by which `receiver` is told what calls of models used.

    With a `token`, only requests that bear it are read. `counted` is told of every body that was stored.
    """
    router = APIRouter()
    gate = Gate(token)
    warned: set[str] = set()
    traces = _Signal(receiver.spans, ExportTraceServiceResponse, "rejected_spans", "rejectedSpans")
    metrics = _Signal(receiver.metrics, ExportMetricsServiceResponse, "rejected_data_points", "rejectedDataPoints")

    async def take(request: Request, signal: _Signal) -> Response:
        async def store(body: bytes, kind: BodyKind[Form]) -> Response:
            received = await asyncio.to_thread(lambda: signal.store(kind.plain(body), kind.form))
            of, appended = received.counted, received.appended
            counted(PushCounts(appended.accepted, appended.duplicates, of.rejected, of.ignored))
            _warn_once(of.warning, warned)
            return _answer(of, kind.form, signal)

        return await take_in(request, gate, _FORMS, store, partial(_refuse, _FORMS.get(media_type(request))))

    for path, signal in (("/v1/traces", traces), ("/v1/metrics", metrics)):
        router.add_api_route(
            path,
            _endpoint(take, signal),
            methods=["POST"],
            responses=_RESPONSES,
            openapi_extra=_OPENAPI,
            tags=["usage"],
        )
    return router


def _endpoint(
    take: Callable[[Request, _Signal], Awaitable[Response]], signal: _Signal
) -> Callable[[Request], Awaitable[Response]]:
    async def export(request: Request) -> Response:
        """Store what calls of models used; each counts once, and one bad span or point never harms the rest."""
        return await take(request, signal)

    return export


def _warn_once(warning: str, warned: set[str]) -> None:
    """Log what a sender is told each time; senders seldom show it to anybody."""
    if warning and warning not in warned and len(warned) < _MOST_WARNINGS:
        warned.add(warning)
        logger.warning("%s", warning)


def _answer(found: Counted, form: Form, signal: _Signal) -> Response:
    message = found.error or found.warning
    if form == "json":
        partial_success = {signal.rejected_in_json: str(found.rejected), "errorMessage": message}
        content = orjson.dumps({"partialSuccess": partial_success} if message else {})
    else:
        response = signal.response()
        if message:
            setattr(response.partial_success, signal.rejected, found.rejected)
            response.partial_success.error_message = message
        content = response.SerializeToString()
    return Response(content, media_type=_TYPES[form])


def _refuse(form: Form | None, status: int, message: str, headers: dict[str, str] | None) -> Response:
    """Answer with a google.rpc.Status, of which OTLP asks for the message, in the form that was sent."""
    if form != "protobuf":
        return Response(orjson.dumps({"message": message}), status, headers, "application/json")
    text = message.encode("ascii", "replace")[:_LONGEST_MESSAGE]
    return Response(b"\x12" + bytes([len(text)]) + text, status, headers, _TYPES[form])


_BODIES: dict[str, Any] = {
    "application/json": {"schema": {"type": "object"}},
    "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
}
_OPENAPI: dict[str, Any] = {"requestBody": {"required": True, "content": _BODIES}}
_RESPONSES = described(
    "What was accepted is on disk; what is refused or not counted is in partialSuccess", _BODIES, _BODIES
)
