"""Daemons as processes on free ports of loopback, and what stands at the far side of the network."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from attributor.ledger.engine import open_engine
from attributor.ledger.tables import leases

SERVING = Path(__file__).with_name("serving.py")


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_until(found: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Return what is found as soon as it is true; fail, saying what was waited for, where it never is."""
    end = monotonic() + seconds
    while monotonic() < end:
        if answer := found():
            return answer
        sleep(0.1)
    return pytest.fail(f"in vain, {seconds:g} s: {what}")


@dataclass
class Daemon:
    """A daemon's process; `said` is its standard error."""

    process: subprocess.Popen[bytes]
    url: str
    errors: Path

    @property
    def said(self) -> str:
        return self.errors.read_text()

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", timeout=10)

    def post(self, path: str, **content: Any) -> httpx2.Response:
        return httpx2.post(f"{self.url}{path}", timeout=30, **content)

    def answers(self) -> bool:
        assert self.process.poll() is None, self.said
        try:
            return self.get("/healthz").status_code == 200
        except httpx2.TransportError:
            return False

    def is_ready(self) -> bool:
        return self.get("/readyz").status_code == 200

    def end(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        """Send the signal and return the exit code; fail where it takes longer than that."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


Starting = Callable[..., Daemon]


@pytest.fixture
def start() -> Iterator[Starting]:
    """Start daemons on the configuration of a folder; each gets a port of its own. What still runs is killed."""
    running: list[Daemon] = []

    def run(folder: Path, *, every: float | None = 0.4, wait: bool = True, **environment: str) -> Daemon:
        """`every` None runs `attributor serve` itself, with the intervals of production."""
        port = unused_port()
        serve = [str(SERVING), "attributor.yaml", str(every)] if every else ["-m", "attributor", "serve"]
        errors = folder / f"daemon-{port}.log"
        with errors.open("wb") as log:
            known = {**os.environ, "LISTEN": f"127.0.0.1:{port}", **environment}
            process = subprocess.Popen([sys.executable, *serve], cwd=folder, stderr=log, env=known)
        daemon = Daemon(process, f"http://127.0.0.1:{port}", errors)
        running.append(daemon)
        if wait:
            wait_until(daemon.answers, "the daemon answers")
        return daemon

    yield run
    for daemon in running:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.wait(30)


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listens on."""
    return unused_port()


@pytest.fixture
def waiting() -> Callable[..., Any]:
    """`waiting(found, what, seconds)` returns what is found as soon as it is true."""
    return wait_until


@dataclass(frozen=True)
class Lease:
    holder: str
    epoch: int


@pytest.fixture
def lease_of() -> Callable[[str], Lease]:
    """Read who leads from the ledger at a URL; the holder is "" where nobody does."""

    def read(url: str) -> Lease:
        engine = open_engine(url)
        with engine.connect() as connection:
            row = connection.execute(select(leases.c.holder, leases.c.epoch)).one_or_none()
        engine.dispose()
        return Lease("", 0) if row is None else Lease(*row)

    return read


@dataclass
class Hook:
    """A webhook's far side. `answers` are given one after the other, then 200; each is a status and headers."""

    url: str
    answers: list[tuple[int, dict[str, str], float]] = field(default_factory=list)
    tried: list[dict[str, Any]] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)

    def take(self, body: dict[str, Any]) -> tuple[int, dict[str, str]]:
        self.tried.append(body)
        status, headers, seconds = self.answers.pop(0) if self.answers else (200, {}, 0.0)
        sleep(seconds)
        if status == 200:
            self.accepted.append(body)
        return status, headers


@pytest.fixture
def hook() -> Iterator[Hook]:
    received = Hook("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, headers = received.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


CONFIG = """
store: {{lake: ./lake, ledger: "{ledger}"}}
web: {{listen: "${{LISTEN}}"}}
sources:
  aws: {{type: focus, path: "bills/*.csv", every: 1s}}
  gpus: {{type: usage, path: "usage/*.csv", every: 1s}}
teams:
  search: {{aliases: [srch], budget: 20}}
  ads: {{}}
rules:
  - {{name: team tag, match: {{tags.team: present}}, owner: {{team: tags.team}}}}
  - {{name: cluster, match: {{tags.cluster: prod}}, split: {{by: gpu.hours, pool: prod, per: day}}}}
"""


@pytest.fixture
def company(company: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The small company, its daemons where they are told to listen, its sources read as often as they can be."""
    monkeypatch.setenv("LISTEN", "127.0.0.1:1")  # what the commands of this process take; none of them listens
    company.write("attributor.yaml", CONFIG.format(ledger="sqlite:///ledger.db"))
    return company


@pytest.fixture
def company_on(company: Any, empty_ledger_url: str) -> Any:
    """The same with a ledger on SQLite, and again on PostgreSQL."""
    company.write("attributor.yaml", CONFIG.format(ledger=empty_ledger_url))
    return company
