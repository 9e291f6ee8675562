"""A server is really killed while it takes events: what it acknowledged must be there, each event once."""

import http.client
import json
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.push.collector import PushCollector
from collectors.push.recall import read_events

SERVER = """
import socket, sys
from datetime import UTC, datetime
from pathlib import Path
import uvicorn
from fastapi import FastAPI
from attributor.web.usage_api import usage_router
from collectors.push.log import EventLog, LogSettings

log = EventLog(Path(sys.argv[1]), lambda: datetime.now(UTC), LogSettings(segment_bytes=50_000))
app = FastAPI()
app.include_router(usage_router(log))
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
"""


class Sender(threading.Thread):
    """A client that sends batch after batch until its connection breaks, and notes what was acknowledged."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(name=name)
        self.port = port
        self.sent: list[list[str]] = []
        self.acknowledged: set[str] = set()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            while True:
                self.sent.append([f"{self.name}-{len(self.sent)}-{number}" for number in range(20)])
                answer = post(connection, self.sent[-1])
                assert answer == {"accepted": 20, "duplicates": 0, "rejected": []}
                self.acknowledged.update(self.sent[-1])
        except (OSError, http.client.HTTPException):
            connection.close()  # the server was killed


def post(connection: http.client.HTTPConnection, ids: list[str]) -> object:
    now = datetime.now(UTC).isoformat()
    events = [{"id": each, "time": now, "metric": "requests", "quantity": 1} for each in ids]
    connection.request("POST", "/api/v1/usage", json.dumps({"events": events}), {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())


def start(folder: Path) -> tuple[subprocess.Popen[str], int]:
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, int(server.stdout.readline())


@pytest.mark.slow
def test_no_acknowledged_event_is_lost_or_doubled_when_the_server_is_killed(
    tmp_path: Path, source: PushCollector
) -> None:
    folder = tmp_path / "events"
    sent: list[list[str]] = []
    acknowledged: set[str] = set()
    for life in range(3):
        server, port = start(folder)
        with server:
            senders = [Sender(port, f"life-{life}-sender-{number}") for number in range(4)]
            for sender in senders:
                sender.start()
            while not all(sender.acknowledged for sender in senders) and any(sender.is_alive() for sender in senders):
                senders[0].join(0.05)
            senders[0].join(0.1 + 0.13 * life)
            server.kill()
            for sender in senders:
                sender.join(30)
        assert all(sender.acknowledged for sender in senders)
        sent += [batch for sender in senders for batch in sender.sent]
        acknowledged |= set().union(*(sender.acknowledged for sender in senders))
        counted = Counter(event.id for event in read_events(folder))
        assert acknowledged <= set(counted)
        assert set(counted.values()) == {1}

    server, port = start(folder)
    with server:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for batch in sent:  # what the gateways that got no answer do, and those that are too careful
            post(connection, batch)
        connection.close()
        server.terminate()
    counted = Counter(event.id for event in read_events(folder))
    assert counted == Counter({name: 1 for batch in sent for name in batch})
    read = sum(sum(batch["quantity"].to_pylist()) for batch in source.collect(None))
    assert read == sum(map(len, sent))
