"""The web server of the daemon: it ends when the daemon does, and finishes the requests at hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import uvicorn
from fastapi import FastAPI

from attributor.web.bounded_http import BoundedHttp

_REQUESTS_PATIENCE = 10
"""Seconds for requests at hand to end."""


class StoppedServer(uvicorn.Server):
    """A server that ends when it is asked to; signals are the daemon's."""

    def __init__(self, site: FastAPI, asked: Event) -> None:
        # `proxy_headers` would put what anybody on this machine says in the place of where a request comes from.
        config = uvicorn.Config(
            site,
            http=BoundedHttp,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_REQUESTS_PATIENCE,
        )
        super().__init__(config)
        self._asked = asked

    async def on_tick(self, counter: int) -> bool:
        """Say whether to end."""
        return self._asked.is_set() or await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the daemon."""
        yield
