"""The routes of OTLP/HTTP on a real server of loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from attributor.web.otlp_api import otlp_router
from collectors.otlp.receiver import Receiver


@contextmanager
def serving_otlp(receiver: Receiver, token: str | None = None) -> Iterator[str]:
    """Serve on a free port; give the server's address."""
    app = FastAPI()
    app.include_router(otlp_router(receiver, token))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
