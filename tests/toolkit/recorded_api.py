"""A far side of the network made of recorded answers, on loopback: it can also misbehave as real ones do."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

PLACEHOLDER = "${API}"
"""What stands for the server's address in a golden folder: in its settings, its answers and its table."""


@dataclass(frozen=True)
class Asked:
    """One request as it came in; header names are as they were sent, `query` keeps the last of doubled keys.

    `pairs` are all of the query.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> Mapping[str, str]:
        """The body, read as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """One answer: `body` is text, bytes or what becomes JSON. `cut` sends so many bytes of it and hangs up."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None

    def content(self, url: str) -> bytes:
        """Return the bytes of the body, the server's address filled in."""
        if isinstance(self.body, bytes):
            return self.body
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.replace(PLACEHOLDER, url).encode()


def throttled(seconds: int | str = 0) -> Answer:
    """429 with Retry-After, in seconds or as a date."""
    return Answer({"error": {"code": 429, "message": "rate limited"}}, 429, {"Retry-After": str(seconds)})


def failing(status: int = 500) -> Answer:
    """An error of the server."""
    return Answer({"error": "try again"}, status)


def expired() -> Answer:
    """The token is not valid any more."""
    return Answer({"error": "token expired"}, 401)


def cut(body: Any, after: int = 10) -> Answer:
    """The head of an answer and so many bytes of its body, and then nothing."""
    return Answer(body, cut=after)


Reply = Answer | Callable[[Asked], Answer]


@dataclass
class _Route:
    method: str
    path: str
    query: Mapping[str, str]
    replies: list[Reply]

    def fits(self, asked: Asked) -> bool:
        """A query fits where it has at least what the route names."""
        same = (self.method, self.path) == (asked.method, asked.path)
        return same and all(asked.query.get(key) == value for key, value in self.query.items())


class RecordedApi:
    """Routes and what was asked. A request that no route fits is answered with 404 and kept in `unexpected`."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Asked] = []
        self.unexpected: list[Asked] = []
        self._routes: list[_Route] = []
        self._faults: list[Answer | None] = []
        self._headers: dict[str, str] = {}

    def on(self, path: str, *replies: Reply, method: str = "GET", **query: str) -> None:
        """Answer requests of a path, and of the query's keys where given, in order; the last answer stays."""
        self._routes.append(_Route(method, path, query, list(replies)))

    def change(self, change: Callable[[Any], Any]) -> None:
        """Change the body of every answer that is recorded as JSON."""
        for route in self._routes:
            route.replies = [
                replace(reply, body=change(reply.body))
                if isinstance(reply, Answer) and not isinstance(reply.body, bytes | str)
                else reply
                for reply in route.replies
            ]

    def misbehave(self, *answers: Answer | None) -> None:
        """Give these to the next requests, whatever they ask for; None lets one be answered as it should be."""
        self._faults.extend(answers)

    def tell_time(self, moment: datetime) -> None:
        """Let every answer from now on say that it is this time at the server."""
        self._headers = {"Date": format_datetime(moment, usegmt=True)}

    def load(self, folder: Path) -> None:
        """Take routes from `answers.json`: a list of {path, query, method, status, headers, json | text | file}.

        Answers of the same method, path and query are given in order.
        """
        routes: dict[tuple[str, str, str], _Route] = {}
        for entry in json.loads((folder / "answers.json").read_text(encoding="utf-8")):
            method, path, query = entry.get("method", "GET"), entry["path"], entry.get("query", {})
            body = (folder / entry["file"]).read_bytes() if "file" in entry else entry.get("text", entry.get("json"))
            answer = Answer(body, entry.get("status", 200), entry.get("headers", {}))
            route = routes.setdefault(
                (method, path, json.dumps(query, sort_keys=True)), _Route(method, path, query, [])
            )
            route.replies.append(answer)
        # The more a route asks for, the earlier it is tried.
        self._routes.extend(sorted(routes.values(), key=lambda route: -len(route.query)))

    def reply(self, asked: Asked) -> Answer:
        """Choose the answer to a request."""
        self.requests.append(asked)
        answer = (self._faults.pop(0) if self._faults else None) or self._routed(asked)
        return replace(answer, headers={**self._headers, **answer.headers})

    def _routed(self, asked: Asked) -> Answer:
        for route in self._routes:
            if route.fits(asked):
                reply = route.replies.pop(0) if len(route.replies) > 1 else route.replies[0]
                return reply if isinstance(reply, Answer) else reply(asked)
        self.unexpected.append(asked)
        return Answer({"error": f"no answer is recorded for {asked.method} {asked.path} {dict(asked.query)}"}, 404)


Api = TypeVar("Api", bound=RecordedApi)


@contextmanager
def serving() -> Iterator[RecordedApi]:
    """Serve recorded answers on a free port of loopback."""
    with served(RecordedApi()) as api:
        yield api


@contextmanager
def served(api: Api) -> Iterator[Api]:
    """Serve an API on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(api: RecordedApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
            answer = api.reply(Asked(self.command, parts.path, dict(pairs), dict(self.headers), body, pairs))
            time.sleep(answer.delay)
            content = answer.content(api.url)
            try:
                self.send_response_only(answer.status)  # without a Date: what is recorded has no clock
                given = {"Content-Type": "application/json", "Content-Length": str(len(content)), **answer.headers}
                for name, value in given.items():
                    self.send_header(name, value.replace(PLACEHOLDER, api.url))
                self.end_headers()
                self.wfile.write(content if answer.cut is None else content[: answer.cut])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 -- the standard library's names

        def log_message(self, *_args: object) -> None:
            return

    return Handler
