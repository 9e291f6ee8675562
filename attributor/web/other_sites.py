"""Which other sites' scripts may read the API: those that the configuration names, and without it none."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_READ_BY = ("GET", "HEAD")
_ASKED_WITH = ("Authorization", "If-None-Match")
_FOR_PROGRAMS = "/api/v1/"


class OtherSites:
    """ASGI middleware that lets scripts of these origins read addresses of the API, and change nothing.

    Cookies are never taken from them: where people sign in, such a script shows a token.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=_READ_BY,
            allow_headers=_ASKED_WITH,
            expose_headers=("ETag", "Retry-After"),
            allow_credentials=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what asks beforehand, and say of the API's answers who may read them."""
        is_shared = scope["type"] == "http" and scope["path"].startswith(_FOR_PROGRAMS)
        await (self._shared if is_shared else self._app)(scope, receive, send)
