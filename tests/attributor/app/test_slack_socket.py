"""Socket Mode against a server on loopback that opens a WebSocket as Slack does."""

import base64
import hashlib
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from threading import enumerate as threads
from time import monotonic, sleep

import pytest

from alerts.alert import Alert, AlertState
from alerts.ports import Message
from attributor.app.slack_socket import sockets_open
from attributor.app.wiring import open_app

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
KEY = "spend:search:EC2:2026-11-19"
PRESSED = {
    "type": "block_actions",
    "user": {"id": "U1", "username": "ana"},
    "actions": [{"action_id": "acknowledge", "value": "m1"}],
}


class Opening:
    """When `apps.connections.open` answers: told that it is asked, and waiting until it may."""

    def __init__(self) -> None:
        self.asked, self.may_answer = Event(), Event()
        self.may_answer.set()


@pytest.fixture
def opening() -> Opening:
    return Opening()


@pytest.fixture
def slack(opening: Opening):
    """A server whose `apps.connections.open` leads to a WebSocket that says one button was pressed."""
    acknowledged: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(4096).decode()
            key = next(line.split(": ")[1] for line in request.splitlines() if line.startswith("Sec-WebSocket-Key"))
            proof = hashlib.sha1(f"{key.strip()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
            accept = base64.b64encode(proof).decode()
            lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")
            connection.sendall("\r\n".join((*lines, f"Sec-WebSocket-Accept: {accept}", "", "")).encode())
            envelope = {"type": "interactive", "envelope_id": "e1", "payload": PRESSED}
            connection.sendall(frame(json.dumps(envelope).encode()))
            while (taken := read_frame(connection)) is not None:
                if taken.startswith(b"{"):
                    acknowledged.append(json.loads(taken)["envelope_id"])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            assert self.headers["Authorization"] == "Bearer xapp-1"
            opening.asked.set()
            opening.may_answer.wait(20)
            body = json.dumps({"ok": True, "url": f"ws://127.0.0.1:{port}/link?ticket=1"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threads = [Thread(target=talk, daemon=True), Thread(target=server.serve_forever, daemon=True)]
    for thread in threads:
        thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api", acknowledged
    server.shutdown()
    server.server_close()
    listener.close()


def frame(text: bytes) -> bytes:
    return bytes([0x81, 126]) + len(text).to_bytes(2, "big") + text


def read_frame(connection: socket.socket) -> bytes | None:
    """Read one masked frame of a client; None where it closed."""
    head = connection.recv(2)
    if len(head) < 2 or head[0] & 0x0F == 8:
        return None
    length = head[1] & 0x7F
    if length == 126:
        length = int.from_bytes(connection.recv(2), "big")
    mask, data = connection.recv(4), connection.recv(length)
    return bytes(byte ^ mask[number % 4] for number, byte in enumerate(data))


def listening_to(url: str) -> str:
    bot = f"{{type: slack-bot, bot_token: x, channel: '#c', app_token: xapp-1, url: '{url}'}}"
    return f"store: {{lake: ./lake, ledger: 'sqlite:///ledger.db'}}\nrules: []\nalerts: {{channels: {{bot: {bot}}}}}\n"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_button_that_comes_through_the_socket_is_done_and_acknowledged(make_company, slack) -> None:
    url, acknowledged = slack
    company = make_company(listening_to(url))
    alert = Alert(KEY, "spend_anomaly", "search", "warning", "Spike", "A spike.", NOW)
    with open_app(company.folder / "attributor.yaml") as app:
        message = Message("m1", "search:spend_anomaly", "bot", "firing", "search", (alert,), NOW)
        app.alert_log.record([AlertState(alert, "firing", NOW, NOW)], [message], {})
        with sockets_open(replace(app, clock=lambda: NOW)):
            end = monotonic() + 20
            while monotonic() < end and app.alert_log.states()[KEY].status == "firing":
                sleep(0.05)
        state = app.alert_log.states()[KEY]
    assert (state.status, acknowledged) == ("acknowledged", ["e1"])
    assert state.handling is not None
    assert state.handling.by == "ana"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_is_told_to_end_while_it_connects_ends(make_company, slack, opening: Opening) -> None:
    url, _ = slack
    company = make_company(listening_to(url))
    before = set(threads())
    opening.may_answer.clear()
    with open_app(company.folder / "attributor.yaml") as app, sockets_open(app):
        assert opening.asked.wait(20)
        (connecting,) = (thread for thread in threads() if thread.name == "slack socket")
    opening.may_answer.set()
    connecting.join(20)
    assert not [thread.name for thread in set(threads()) - before if "_run" in thread.name]
