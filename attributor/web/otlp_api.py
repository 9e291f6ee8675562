"""POST /v1/traces: spans come in by OTLP/HTTP, and the answer says that what they used is on disk."""

import asyncio
from dataclasses import dataclass

import orjson
from fastapi import APIRouter, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from attributor.web.usage_api import Counter, PushCounts, bears, count_nothing
from attributor.web.usage_body import LARGEST_BODY, RefusedBodyError, Room, held_body, refuse_large, unpacked
from collectors.otlp.spans import Counted, Naming, count_spans
from collectors.otlp.wire import BodyError, Form, read_spans
from collectors.push.fields import Span as Times
from collectors.push.log import EventLog, LogUnavailableError

_MOST_HELD = 8 * LARGEST_BODY
_FORMS: dict[str, Form] = {"application/json": "json", "application/x-protobuf": "protobuf"}
_TYPES: dict[Form, str] = {form: name for name, form in _FORMS.items()}
_RETRY_AFTER = {"Retry-After": "5"}
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_LONGEST_MESSAGE = 127


@dataclass(frozen=True)
class _Kind:
    form: Form
    is_packed: bool


def otlp_router(log: EventLog, naming: Naming, token: str | None = None, counted: Counter = count_nothing) -> APIRouter:
    """Return the route that stores in `log` what spans of model calls used.

    With a `token`, only requests that bear it are read. `counted` is told of every body that was stored.
    """
    router = APIRouter()
    room = Room(_MOST_HELD)
    wanted = naming.wanted

    def read(body: bytes, kind: _Kind, times: Times) -> Counted:
        whole = unpacked(body) if kind.is_packed else body
        return count_spans(read_spans(whole, kind.form, wanted), naming, times)

    @router.post("/v1/traces", responses=_RESPONSES, tags=["usage"])
    async def export_traces(request: Request) -> Response:
        """Store what model calls used; each span counts once by its ids, and one bad span never harms the rest."""
        form = _form(request)
        if token is not None and not bears(request, token):
            return _error(401, "a bearer token is needed, and this is not it", form, _CHALLENGE)
        try:
            kind = _kind(request, form)
            async with held_body(request, room) as body:
                found = await asyncio.to_thread(read, body, kind, log.accepted_span())
                appended = await asyncio.wrap_future(log.append(found.events))
        except RefusedBodyError as error:
            return _error(error.status, str(error), form, _RETRY_AFTER if error.status == 503 else None)
        except BodyError as error:
            return _error(400, str(error), form)
        except LogUnavailableError as error:
            return _error(503, f"nothing was stored, send it again later: {error}", form, _RETRY_AFTER)
        counted(PushCounts(appended.accepted, appended.duplicates, found.rejected))
        return _answer(found, kind.form)

    return router


def _form(request: Request) -> Form | None:
    return _FORMS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())


def _kind(request: Request, form: Form | None) -> _Kind:
    if form is None:
        raise RefusedBodyError(415, "send application/x-protobuf or application/json")
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip"}:
        raise RefusedBodyError(415, f"Content-Encoding {packing} is not read here; send gzip or none")
    refuse_large(request)
    return _Kind(form, packing == "gzip")


def _answer(found: Counted, form: Form) -> Response:
    if form == "json":
        partial = {"rejectedSpans": str(found.rejected), "errorMessage": found.error}
        content = orjson.dumps({"partialSuccess": partial} if found.rejected else {})
    else:
        message = ExportTraceServiceResponse()
        if found.rejected:
            message.partial_success.rejected_spans = found.rejected
            message.partial_success.error_message = found.error
        content = message.SerializeToString()
    return Response(content, media_type=_TYPES[form])


def _error(status: int, message: str, form: Form | None, headers: dict[str, str] | None = None) -> Response:
    """Answer with a google.rpc.Status, of which OTLP asks for the message, in the form that was sent."""
    if form != "protobuf":
        return Response(orjson.dumps({"message": message}), status, headers, "application/json")
    text = message.encode("ascii", "replace")[:_LONGEST_MESSAGE]
    return Response(b"\x12" + bytes([len(text)]) + text, status, headers, _TYPES[form])


_RESPONSES: dict[int | str, dict[str, object]] = {
    200: {"description": "What every accepted span used is on disk; refused ones are in partialSuccess"},
    400: {"description": "The body is no ExportTraceServiceRequest; nothing was stored"},
    401: {"description": "The bearer token is missing or wrong"},
    413: {"description": "The body is too large; nothing was stored"},
    415: {"description": "The body's type or encoding is not read; nothing was stored"},
    503: {"description": "The log cannot be written; nothing was stored, send it again"},
}
