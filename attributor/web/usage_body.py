"""The body of what is sent to us: its kind by the headers, its bytes, and all of it within limits."""

import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

LARGEST_BODY: Final = 16 * 2**20
"""Bytes, before and after unpacking."""

_GZIP: Final = 31  # zlib's window bits for a gzip header


class RefusedBodyError(Exception):
    """The body is not read, for the reason that the HTTP status names."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


F = TypeVar("F")


@dataclass(frozen=True)
class BodyKind(Generic[F]):
    """What the headers say of a body."""

    form: F
    is_packed: bool

    def plain(self, body: bytes) -> bytes:
        """Return the body as it was before it was packed; raise RefusedBodyError."""
        return unpacked(body) if self.is_packed else body


class Room:
    """How many more bytes of bodies may be held, over all requests of one event loop."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self, size: int) -> None:
        """Take so much; raise RefusedBodyError where there is no room, which passes."""
        if size > self._free:
            raise RefusedBodyError(503, "too many bodies are being read; nothing was stored, send it again later")
        self._free -= size

    def give_back(self, size: int) -> None:
        """Free so much."""
        self._free += size


def media_type(request: Request) -> str:
    """Return the content type without its parameters, in small letters; empty where none is said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def body_kind(request: Request, forms: Mapping[str, F]) -> BodyKind[F]:
    """Read the headers, by the forms of content types that are read; the first two are offered where it is another.

    Raises RefusedBodyError for what can be refused without reading the body.
    """
    content_type = media_type(request)
    if content_type not in forms:
        offered = " or ".join([name for name in forms if name][:2])
        raise RefusedBodyError(415, f"{content_type or 'no content type'} is not read here; send {offered}")
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip"}:
        raise RefusedBodyError(415, f"Content-Encoding {packing} is not read here; send gzip or none")
    refuse_large(request)
    return BodyKind(forms[content_type], packing == "gzip")


def refuse_large(request: Request) -> None:
    """Raise RefusedBodyError where the headers announce a body that is too large."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > LARGEST_BODY:
        raise _too_large()


@asynccontextmanager
async def held_body(request: Request, room: Room) -> AsyncIterator[bytes]:
    """Read the body, holding room for it; raise RefusedBodyError where it is too large or does not come whole."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            room.take(len(chunk))
            body += chunk
            if len(body) > LARGEST_BODY:
                raise _too_large()
        yield bytes(body)
    except ClientDisconnect:
        raise RefusedBodyError(400, "the connection ended before the body") from None
    finally:
        room.give_back(len(body))


def unpacked(packed: bytes) -> bytes:
    """Unpack a gzip body, and stop as soon as it is larger than a body may be; raise RefusedBodyError."""
    member = zlib.decompressobj(_GZIP)
    try:
        body = member.decompress(packed, LARGEST_BODY + 1)
    except zlib.error as error:
        raise RefusedBodyError(400, f"the body is not gzip: {error}") from None
    if len(body) > LARGEST_BODY:
        raise _too_large()
    if not member.eof or member.unused_data:
        raise RefusedBodyError(400, "the body is not one whole gzip member")
    return body


def _too_large() -> RefusedBodyError:
    return RefusedBodyError(413, f"the body is larger than {LARGEST_BODY:,} bytes; send smaller batches")
