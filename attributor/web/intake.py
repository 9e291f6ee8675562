"""What every route has in common that stores what is sent to it: who may, how much at once, and what goes wrong."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from fastapi import Request, Response

from attributor.web.own_forms import is_of_another_site
from attributor.web.usage_body import LARGEST_BODY, BodyKind, RefusedBodyError, Room, body_kind, held_body
from collectors.push.events import BodyError
from collectors.push.log import LogUnavailableError

_MOST_HELD = 8 * LARGEST_BODY
"""Bytes of bodies that are held at once; what comes beyond them is asked to come again."""

_RETRY_AFTER = {"Retry-After": "5"}
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
F = TypeVar("F")

Refuse: TypeAlias = Callable[[int, str, dict[str, str] | None], Response]
"""Makes the answer of a status, a message and headers."""


@dataclass(frozen=True)
class PushCounts:
    """What became of the events of one body; ignored are those that are counted otherwise."""

    accepted: int
    duplicates: int
    rejected: int
    ignored: int = 0


_REFUSALS: Mapping[int, str] = {
    400: "The body is not what is read here; nothing was stored",
    401: "The bearer token is missing or wrong",
    403: "A page of another site sends it",
    413: "The body is too large; nothing was stored",
    415: "The body's type or encoding is not read; nothing was stored",
    503: "The log cannot be written; nothing was stored, send it again",
}


def described(stored: str, answer: dict[str, Any], refusal: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return how OpenAPI describes the answers of such a route, from the content of an answer and of a refusal."""
    answers: dict[int | str, dict[str, Any]] = {200: {"description": stored, "content": answer}}
    return answers | {status: {"description": said, "content": refusal} for status, said in _REFUSALS.items()}


Counter: TypeAlias = Callable[[PushCounts], None]


def count_nothing(_counts: PushCounts) -> None:
    """Stand in where nobody counts."""


@dataclass(frozen=True)
class Gate:
    """Who may send (None: anybody who can), and the room for what is read at once."""

    token: str | None = field(repr=False)
    room: Room = field(default_factory=lambda: Room(_MOST_HELD))


async def take_in(
    request: Request,
    gate: Gate,
    forms: Mapping[str, F],
    store: Callable[[bytes, BodyKind[F]], Awaitable[Response]],
    refuse: Refuse,
) -> Response:
    """Answer with what `store` makes of the body, or refuse: nothing is stored then."""
    if is_of_another_site(request):  # without a token, whatever page a browser shows could send
        return refuse(403, "a page of another site sends this", None)
    if gate.token is not None and not _bears(request, gate.token):
        return refuse(401, "a bearer token is needed, and this is not it", _CHALLENGE)
    try:
        kind = body_kind(request, forms)
        async with held_body(request, gate.room) as body:
            return await store(body, kind)
    except RefusedBodyError as error:
        return refuse(error.status, str(error), _RETRY_AFTER if error.status == 503 else None)
    except BodyError as error:
        return refuse(400, str(error), None)
    except LogUnavailableError as error:
        return refuse(503, f"nothing was stored, send it again later: {error}", _RETRY_AFTER)


def _bears(request: Request, token: str) -> bool:
    """Say whether a request shows this bearer token."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    # Headers are bytes that the framework reads as Latin-1.
    is_same = hmac.compare_digest(shown.strip().encode("latin-1"), token.encode())
    return scheme.lower() == "bearer" and is_same
