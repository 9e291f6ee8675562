"""Addresses with a NUL character are refused: PostgreSQL takes no text that has one, and nobody means it."""

from urllib.parse import unquote_to_bytes

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class ReadableAddresses:
    """ASGI middleware that answers 400 where a path or query holds a NUL character."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and (
            "\0" in scope["path"] or b"\0" in unquote_to_bytes(scope.get("query_string", b""))
        ):
            await JSONResponse({"detail": "the address holds a NUL character"}, 400)(scope, receive, send)
            return
        await self._app(scope, receive, send)
