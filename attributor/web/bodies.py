"""What routes that change something read of a program's request."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from fastapi import HTTPException, Request

from attributor.config.values import parse_duration

LARGEST_NUMBER = 2**31 - 1
"""The largest number that the ledger gives to a row."""
_LARGEST = 256 * 1024
T = TypeVar("T")


def json_body(form: type[T]) -> Callable[[Request], Awaitable[T]]:
    """Return what reads a JSON body, before a route works beside the event loop; HTTPException where it is none.

    JSON alone is taken, so that no other site's form can make a change.
    """

    async def read(request: Request) -> T:
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise HTTPException(415, "send JSON, with Content-Type: application/json")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST:
                raise HTTPException(413, "the body is too large")
        if b"\0" in body or b"\\u0000" in body:
            raise HTTPException(400, "the body holds a NUL character")
        try:
            return msgspec.json.decode(body, type=form)
        except msgspec.DecodeError as error:
            raise HTTPException(400, str(error)) from None

    return read


def end_of(length: str | None, until: str | None, now: datetime) -> datetime:
    """Return when something ends that lasts so long, or until a moment; one without a zone is UTC.

    Raises HTTPException for both or neither, for what is malformed, and for what is over.
    """
    if (length is None) == (until is None):
        raise HTTPException(400, "say either `for`, as in 2h or 1d, or `until`, as in 2026-12-01T08:00")
    try:
        end = now + parse_duration(length) if length is not None else _moment(until or "")
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    end = (end if end.tzinfo else end.replace(tzinfo=UTC)).astimezone(UTC)
    if end <= now:
        raise HTTPException(400, f"{end:%Y-%m-%d %H:%M} UTC is over already")
    return end


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a moment; write it as 2026-12-01T08:00, in UTC") from error
