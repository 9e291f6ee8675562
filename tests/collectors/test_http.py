"""HTTP against a real server on loopback: what is tried again, what is not, and that no secret is told."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from collectors.base import CollectError
from collectors.http import Retries, Server, connected, get_json, post_form

QUICK = Retries(attempts=3, within=10, first_wait=0.01, longest_wait=2)
TOKEN = "s3cret-token"


@dataclass
class Answer:
    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class Fake:
    """The far side of the network: gives the answers in order, the last one for ever."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def fake() -> Iterator[Fake]:
    told = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.requests.append((self.command, self.path, dict(self.headers), body))
            answer = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            time.sleep(answer.delay)
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body.encode())), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body.encode())
            except BrokenPipeError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 -- the standard library's name

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/base"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ask(fake: Fake) -> Callable:
    def asking(*answers: Answer, **settings: object):
        fake.answers[:] = answers
        server = Server(fake.url, **{"retries": QUICK, "bearer_token": TOKEN, **settings})
        with connected(server) as client:
            return get_json(client, server, "api/costs", {"page": "1"})

    return asking


def test_numbers_with_a_point_are_decimal(ask, fake: Fake) -> None:
    assert ask(Answer(body='{"cost": 0.1000000000000000055511, "n": 3}'))["cost"] == Decimal("0.1000000000000000055511")
    assert fake.requests[0][1] == "/base/api/costs?page=1"
    assert fake.requests[0][2]["Authorization"] == f"Bearer {TOKEN}"


def test_a_form_goes_in_the_body(fake: Fake) -> None:
    fake.answers[:] = [Answer()]
    server = Server(fake.url, username="ana", password="pass word")
    with connected(server) as client:
        post_form(client, server, "query", {"query": "up == 1"})
    [(method, path, headers, body)] = fake.requests
    assert (method, path, body) == ("POST", "/base/query", b"query=up+%3D%3D+1")
    assert headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_busy_server_is_asked_again(status: int, ask, fake: Fake) -> None:
    assert ask(Answer(status), Answer(status), Answer(body="[1]")) == [1]
    assert len(fake.requests) == 3


@pytest.mark.slow
def test_a_429_is_waited_out_as_long_as_the_server_says(ask) -> None:
    began = time.monotonic()
    ask(Answer(429, headers={"Retry-After": "1"}), Answer())
    assert 1.0 <= time.monotonic() - began < 5.0


@pytest.mark.slow
def test_retry_after_may_be_a_date(ask) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    began = time.monotonic()
    ask(Answer(503, headers={"Retry-After": soon}), Answer())
    assert time.monotonic() - began >= 0.5


def test_a_wait_beyond_the_bounds_is_given_up_at_once_but_not_for_good(ask, fake: Fake) -> None:
    with pytest.raises(CollectError, match="answered 429, and asks to wait 3600 s") as refused:
        ask(Answer(429, headers={"Retry-After": "3600"}))
    assert not refused.value.permanent
    assert len(fake.requests) == 1


def test_tries_are_bounded(ask, fake: Fake) -> None:
    with pytest.raises(CollectError, match="answered 503: try later") as refused:
        ask(Answer(503, "try later"))
    assert not refused.value.permanent
    assert len(fake.requests) == QUICK.attempts


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_any_other_status_is_permanent_and_asked_once(status: int, ask, fake: Fake) -> None:
    with pytest.raises(CollectError, match=f"/base/api/costs answered {status}: no") as refused:
        ask(Answer(status, "no", headers={"Location": "http://127.0.0.1:1/"}))
    assert refused.value.permanent
    assert len(fake.requests) == 1


def test_a_server_that_is_too_slow_is_given_up_after_all_tries(ask, fake: Fake) -> None:
    with pytest.raises(CollectError, match="did not answer within") as refused:
        ask(Answer(delay=0.4), timeout=0.1)
    assert not refused.value.permanent
    assert len(fake.requests) == QUICK.attempts


def test_a_server_that_is_away_is_not_permanent(ask, fake: Fake, free_port: int) -> None:
    fake.url = f"http://127.0.0.1:{free_port}"
    with pytest.raises(CollectError, match="cannot be reached") as refused:
        ask(Answer())
    assert not refused.value.permanent


def test_an_answer_that_is_no_json_is_permanent(ask) -> None:
    with pytest.raises(CollectError, match="answered with no JSON: <html>Log in") as refused:
        ask(Answer(body="<html>Log in"))
    assert refused.value.permanent


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_no_float_either(number: str, ask) -> None:
    cost = ask(Answer(body=f'{{"cost": {number}}}'))["cost"]
    assert isinstance(cost, Decimal)
    assert not cost.is_finite()


def test_no_secret_is_told(ask, fake: Fake) -> None:
    with pytest.raises(CollectError) as refused:
        ask(Answer(401, f"bad token {TOKEN}, bad password hunter2"), password="hunter2")
    assert TOKEN not in str(refused.value)
    assert "hunter2" not in str(refused.value)
    server = Server("http://ana:hunter2@host:9090/x?key=hunter2", TOKEN, "ana", "hunter2")
    assert server.shown == "http://host:9090/x"
    assert TOKEN not in repr(server)
