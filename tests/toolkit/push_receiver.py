"""A real server with the push route, on loopback, and what it was told."""

import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from attributor.web.usage_api import usage_router
from collectors.push.fields import UsageEvent
from collectors.push.log import EventLog, LogSettings
from collectors.push.recall import read_events

TOKEN = "of-the-proxy"


@dataclass(frozen=True)
class Receiver:
    """A real server with the push route, and its log."""

    url: str
    folder: Path

    def events(self) -> list[UsageEvent]:
        return list(read_events(self.folder))

    def sums(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for event in self.events():
            found[event.metric] += int(event.quantity)
        return dict(found)


@contextmanager
def receiving(folder: Path, port: int = 0) -> Iterator[Receiver]:
    log = EventLog(folder, lambda: datetime.now(UTC), LogSettings())
    app = FastAPI()
    app.include_router(usage_router(log, TOKEN))
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Receiver(f"http://127.0.0.1:{listener.getsockname()[1]}", folder)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
        log.close()
