"""Entity tags: whoever asks again for what has not changed is answered 304 and nothing more (RFC 9110, section 8.8)."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LARGEST = 4 * 1024 * 1024


class EntityTags:
    """ASGI middleware that tags answers of programs' addresses (/api/… and ….json) by a digest of their body.

    The tags are weak, because a body may be compressed on its way. Larger answers than 4 MiB go out untagged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold a body back until its digest is known; replace it by 304 where the asker has it already."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _is_for_programs(scope["path"]):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        held: list[Message] = []
        passing = False

        async def hold(message: Message) -> None:
            nonlocal passing
            if passing:
                await send(message)
                return
            held.append(message)
            is_start = message["type"] == "http.response.start"
            passing = message["status"] != 200 if is_start else _size(held) > _LARGEST
            if passing:
                for each in held:
                    await send(each)
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                for each in _tagged(held, known):
                    await send(each)

        await self._app(scope, receive, hold)


def _is_for_programs(path: str) -> bool:
    return path.startswith("/api/") or path.endswith(".json")


def _size(held: list[Message]) -> int:
    return sum(len(message.get("body", b"")) for message in held)


def _tagged(held: list[Message], known: str) -> list[Message]:
    start, *bodies = held
    digest = hashlib.sha256(b"".join(body.get("body", b"") for body in bodies)).hexdigest()[:32]
    headers = MutableHeaders(scope=start)
    headers["ETag"] = f'W/"{digest}"'
    headers.setdefault("Cache-Control", "private, no-cache")
    if not {digest, "*"} & {tag.strip().removeprefix("W/").strip('"') for tag in known.split(",")}:
        return held
    del headers["content-length"]
    return [{**start, "status": 304}, {"type": "http.response.body", "body": b""}]
