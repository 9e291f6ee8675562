"""POST /api/v1/slack/interactions: buttons that somebody pressed under a message in Slack, verified by its secret."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from slack_sdk.signature import Clock, SignatureVerifier
from sqlalchemy import Engine

from attributor.ledger.audit import Change, record_change
from attributor.watching.pressing import press

logger = logging.getLogger(__name__)
Moment: TypeAlias = Callable[[], datetime]
"""A clock: aware UTC."""
_LARGEST = 256 * 1024
_PLAIN: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Done, or nothing was to do"},
    400: {"description": "It is no interaction of ours", "content": _PLAIN},
    401: {"description": "The signature is not that of a configured Slack app", "content": _PLAIN},
    413: {"description": "The body is too large", "content": _PLAIN},
}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": ["payload"], "properties": {"payload": {"type": "string"}}}
            }
        },
    }
}


def slack_routes(engine: Engine, clock: Moment, secrets: Callable[[], Sequence[str]]) -> APIRouter:
    """Return the route; `secrets` gives the signing secrets of the configured Slack apps."""
    router = APIRouter()

    @router.post(
        "/api/v1/slack/interactions",
        tags=["alerts"],
        response_class=PlainTextResponse,
        responses=_RESPONSES,
        openapi_extra=_FORM,
    )
    async def interact(request: Request) -> Response:
        """Do what a button says, within the three seconds that Slack waits."""
        body = await _body(request)
        if body is None:
            return PlainTextResponse("too large", 413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not any(_is_genuine(secret, body, headers, clock) for secret in secrets()):
            return PlainTextResponse("the signature is not that of a configured Slack app", 401)
        try:
            payload = json.loads(parse_qs(body.decode())["payload"][0])
            await asyncio.to_thread(lambda: pressed(engine, payload, clock))
        except (KeyError, TypeError, ValueError) as error:
            logger.warning("a button of Slack was not understood: %s", error)
            return PlainTextResponse("not understood", 400)
        return PlainTextResponse()

    return router


def pressed(engine: Engine, payload: dict[str, Any], clock: Moment) -> None:
    """Do what the buttons of an interaction say; links are buttons too, and say nothing.

    Raises KeyError, TypeError and ValueError for what is no interaction of ours.
    """
    if payload["type"] != "block_actions":
        return
    user = payload["user"]
    by = str(user.get("username") or user.get("name") or user["id"])
    for action in payload["actions"]:
        if "value" in action:
            done, now = press(engine, action["action_id"], action["value"], by, clock()), clock()
            record_change(engine, Change(now, by, "slack", str(action["action_id"]), done))
            logger.info("Slack: %s", done)


async def _body(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            return None
    return body


class _Now(Clock):
    """The clock that the verifier asks whether a request is of the last five minutes."""

    def __init__(self, clock: Moment) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()


def _is_genuine(secret: str, body: bytes, headers: dict[str, str], clock: Moment) -> bool:
    return bool(SignatureVerifier(secret, _Now(clock)).is_valid_request(body, headers))
