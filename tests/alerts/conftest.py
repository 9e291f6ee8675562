"""A far side for channels to talk to, an alert log in memory, and timelines in hours since a fixed start."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from alerts.alert import Alert, AlertState, Contributor, Findings
from alerts.channels.posting import Address
from alerts.channels.webhook import WebhookChannel
from alerts.delivery import DeliveryReport, Patience, deliver
from alerts.pipeline import Outcome, process
from alerts.policy import Policy, Route
from alerts.ports import Decision, Delivery, Message, Sent

START = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Reply:
    """What the far side answers once; `hangs` is how long it says nothing first, in seconds."""

    status: int = 200
    body: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: float = 0.0


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class FarSide:
    """An HTTP server on loopback that keeps what it is sent and answers as told, 200 otherwise."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.replies: list[Reply] = []
        self.always: Reply | None = None
        self.answering: Callable[[Request], Reply] | None = None
        far_side = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.path, dict(self.headers), body)
                far_side.requests.append(request)
                reply = far_side.replies.pop(0) if far_side.replies else far_side.always or Reply()
                if far_side.answering is not None:
                    reply = far_side.answering(request)
                time.sleep(reply.hangs)
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(reply.body.encode())
                except (BrokenPipeError, ConnectionResetError):
                    return  # the caller stopped waiting, which is what a hanging reply is for

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class MemoryLog:
    """The alert log in memory, with the meaning of alerts.ports."""

    def __init__(self) -> None:
        self.known: dict[str, AlertState] = {}
        self.told: dict[tuple[str, str], Sent] = {}
        self.outbox: dict[str, Delivery] = {}

    def states(self) -> Mapping[str, AlertState]:
        return dict(self.known)

    def last_sent(self) -> Mapping[tuple[str, str], Sent]:
        return dict(self.told)

    def record(
        self, states: Sequence[AlertState], messages: Sequence[Message], log: Mapping[tuple[str, str], Sent]
    ) -> None:
        self.known |= {state.alert.key: state for state in states}
        self.told |= log
        for message in messages:
            self.outbox.setdefault(message.id, Delivery(message, "pending", 0, message.created_at))

    def explain(self, decisions: Sequence[Decision], now: datetime) -> None:
        self.reasons = tuple(decisions)

    @contextmanager
    def exclusively(self) -> Iterator["MemoryLog"]:
        yield self

    def due(self, now: datetime, limit: int = 100) -> Sequence[Delivery]:
        due = [each for each in self.outbox.values() if each.state == "pending" and each.due_at <= now]
        return sorted(due, key=lambda each: each.due_at)[:limit]

    def claim(self, message_id: str, now: datetime, until: datetime) -> bool:
        delivery = self.outbox[message_id]
        if delivery.state != "pending" or delivery.due_at > now:
            return False
        self.outbox[message_id] = replace(delivery, due_at=until)
        return True

    def mark_sent(self, message_id: str, at: datetime) -> None:
        self.outbox[message_id] = replace(self.outbox[message_id], state="sent", due_at=at)

    def retry_at(self, message_id: str, at: datetime, error: str) -> None:
        delivery = self.outbox[message_id]
        self.outbox[message_id] = replace(delivery, due_at=at, error=error, attempts=delivery.attempts + 1)

    def mark_failed(self, message_id: str, error: str) -> None:
        self.outbox[message_id] = replace(self.outbox[message_id], state="failed", error=error)

    def failures(self) -> Sequence[Delivery]:
        return [
            each
            for each in self.outbox.values()
            if each.state == "failed" or (each.state == "pending" and each.attempts > 0)
        ]


@dataclass(frozen=True)
class Heard:
    """One message as the far side heard it."""

    hour: float
    channel: str
    kind: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    earliest: float
    latest: float
    channel: str
    kind: str
    keys: tuple[str, ...]


class Timeline:
    """Drives the whole path by the hour: `at` runs it, `want` says what must be heard, `check` that it was, once."""

    def __init__(self, far_side: FarSide, policy: Policy) -> None:
        self.far_side = far_side
        self.policy = policy
        self.log = MemoryLog()
        self.hour = 0.0
        self.heard: list[Heard] = []
        self.wanted: list[Wanted] = []
        self.outcomes: list[Outcome] = []
        self.channels: dict[str, WebhookChannel] = {}
        self.add_channels(*{name for route in policy.routes for name in route.channels})

    def add_channels(self, *names: str) -> None:
        for name in names:
            self.channels[name] = WebhookChannel(name, Address(f"{self.far_side.url}/{name}", 0.3), self.now)

    def now(self) -> datetime:
        return START + timedelta(hours=self.hour)

    def at(self, hour: float, *alerts: Alert, undecided: tuple[str, ...] = ()) -> Outcome:
        """Let the spend detector report these alerts at this hour, then empty the outbox."""
        return self.report(hour, Findings("spend_anomaly", alerts, undecided))

    def tick(self, hour: float) -> Outcome:
        """Let the clock alone go on to this hour, then empty the outbox."""
        return self.report(hour)

    def report(self, hour: float, *findings: Findings) -> Outcome:
        self.hour = hour
        outcome = process(findings, self.log, self.policy, self.now())
        self.outcomes.append(outcome)
        self.deliver(hour)
        return outcome

    def run(self, hour: float, *alerts: Alert) -> None:
        """Do what `at` does, for channels that do not speak as the webhook does."""
        self.hour = hour
        process([Findings("spend_anomaly", alerts)], self.log, self.policy, self.now())
        deliver(self.log, self.channels, self.now)

    def deliver(self, hour: float, patience: Patience | None = None) -> DeliveryReport:
        self.hour = hour
        before = len(self.far_side.requests)
        report = deliver(self.log, self.channels, self.now, patience)
        for request in self.far_side.requests[before:]:
            document = request.document
            keys = tuple(alert["key"] for alert in document["alerts"])
            self.heard.append(Heard(hour, request.path.strip("/"), document["status"], keys))
        return report

    def want(self, when: tuple[float, float], channel: str, kind: str, *keys: str) -> None:
        self.wanted.append(Wanted(*when, channel, kind, keys))

    def check(self) -> None:
        """Fail where something wanted was not heard, or something was heard that was not wanted."""
        left = list(self.heard)
        for wanted in self.wanted:
            match = next((each for each in left if _fits(each, wanted)), None)
            assert match is not None, f"not heard: {wanted}; heard: {self.heard}"
            left.remove(match)
        assert left == [], f"heard, but not wanted: {left}"


def _fits(heard: Heard, wanted: Wanted) -> bool:
    same = (heard.channel, heard.kind, set(heard.keys)) == (wanted.channel, wanted.kind, set(wanted.keys))
    return same and wanted.earliest <= heard.hour <= wanted.latest


def make_alert(key: str = "spend:search:EC2:2026-11-19", **changes: Any) -> Alert:
    plain = Alert(
        key=key,
        kind="spend_anomaly",
        team="search",
        severity="warning",
        title="Spend spike: EC2",
        summary="EC2 cost $512.00 on 2026-11-19; usual is $100.00, up to $140.00.",
        started_at=datetime(2026, 11, 19, tzinfo=UTC),
        currency="USD",
        amount=Decimal("512.00"),
        threshold=Decimal("140.00"),
        contributors=(Contributor("account 1111", Decimal("400.10"), "78 %"), Contributor("account 2222", None)),
        link="/teams/search?month=2026-11",
    )
    return replace(plain, **changes)


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    server = FarSide()
    yield server
    server.close()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def alert() -> Callable[..., Alert]:
    return make_alert


@pytest.fixture
def memory_log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def between() -> Callable[[float, float], tuple[float, float]]:
    return lambda earliest, latest: (earliest, latest)


@pytest.fixture
def timeline(far_side: FarSide) -> Timeline:
    return Timeline(far_side, Policy((Route(("slack",), repeat=timedelta(hours=24)),)))


@pytest.fixture
def timeline_of(far_side: FarSide) -> Callable[[Policy], Timeline]:
    return lambda policy: Timeline(far_side, policy)
