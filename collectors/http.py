"""HTTP with an API: bounded retries, errors that say whether they are permanent, and no secret in any of them."""

import email.utils
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import httpx2
import stamina

from collectors.base import CollectError

_SHOWN_BODY = 300
_HIDDEN = "•••"
_T = TypeVar("_T")
Params = Mapping[str, str | Sequence[str]]
"""What stands behind the question mark; a key with several values is repeated."""


@dataclass(frozen=True)
class Retries:
    """How long a request is tried: so many times, within so many seconds, no wait longer than `longest_wait`."""

    attempts: int = 4
    within: float = 120.0
    first_wait: float = 0.5
    longest_wait: float = 60.0


@dataclass(frozen=True)
class Server:
    """An API's base address and who asks it; a bearer token goes before user name and password.

    `headers` are further ones, such as `x-api-key`; their values count as secrets.
    """

    url: str
    bearer_token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    retries: Retries = Retries()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """The address without user, password and query, for messages."""
        parsed = httpx2.URL(self.url)
        port = "" if parsed.port is None else f":{parsed.port}"
        return f"{parsed.scheme}://{parsed.host}{port}{parsed.path}".rstrip("/")


class RefusedError(CollectError):
    """An answer with a status that asking again unchanged will not better."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, permanent=True)
        self.status = status


class _RetryableError(CollectError):
    """An answer that may be better next time; `wait` is what the server asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message, permanent=False)
        self.wait = wait


@contextmanager
def connected(server: Server) -> Iterator[httpx2.Client]:
    """Open a client for a server; redirects are not followed, so that credentials go nowhere else."""
    headers = {"Accept": "application/json", "User-Agent": "attributor", **server.headers}
    auth: httpx2.BasicAuth | None = None
    if server.bearer_token is not None:
        headers["Authorization"] = f"Bearer {server.bearer_token}"
    elif server.username is not None:
        auth = httpx2.BasicAuth(server.username, server.password or "")
    has_tls = not server.url.startswith(
        "http://"
    )  # certificates take 50 ms to load, and a poll every minute needs none
    with httpx2.Client(
        base_url=server.url, headers=headers, auth=auth, timeout=server.timeout, verify=has_tls
    ) as client:
        yield client


def get_json(client: httpx2.Client, server: Server, path: str, params: Params) -> Any:
    """Ask for a JSON document; its numbers with a point are Decimal, and so are NaN and Infinity.

    429 waits as long as Retry-After says, 5xx, timeouts and lost connections are tried again with growing waits;
    where the bounds of `server.retries` are reached a CollectError that is not permanent is raised. Any other status
    and an answer that is no JSON raise a permanent one.
    """
    return _send(server, lambda: client.get(path, params=_listed(params)), path)


def post_form(client: httpx2.Client, server: Server, path: str, fields: Mapping[str, str]) -> Any:
    """Ask with a form in the body, for queries too long for an address; otherwise as `get_json`."""
    return _send(server, lambda: client.post(path, data=dict(fields)), path)


def post_json(client: httpx2.Client, server: Server, path: str, document: object) -> Any:
    """Ask with a JSON document in the body; otherwise as `get_json`."""
    return _send(server, lambda: client.post(path, json=document), path)


def ask_stream(client: httpx2.Client, server: Server, path: str, read: Callable[[httpx2.Response], _T]) -> _T:
    """Ask for a body of any size, give the answer to `read` before its body is there, and return what that returns.

    An empty path is the server's address itself. Tried again as `get_json` is, an interrupted body included: `read`
    then begins anew.
    """
    where = _where(server, path)
    plain = {"Accept": "*/*", "Accept-Encoding": "identity"}

    def once() -> _T:
        with _failures(server, where), client.stream("GET", path or server.url, headers=plain) as response:
            if response.status_code != httpx2.codes.OK:
                response.read()
                _refuse(server, response, where)
            return read(response)

    return _tried(server, once)


def _listed(params: Params) -> dict[str, str | list[str]]:
    return {name: value if isinstance(value, str) else list(value) for name, value in params.items()}


def _where(server: Server, path: str) -> str:
    return f"{server.shown}/{path.lstrip('/')}" if path else server.shown


def _send(server: Server, ask: Callable[[], httpx2.Response], path: str) -> Any:
    return _tried(server, lambda: _answer(server, ask, _where(server, path)))


def _tried(server: Server, once: Callable[[], _T]) -> _T:
    retries = server.retries
    attempts = stamina.retry_context(
        on=lambda error: _again(error, retries),
        attempts=retries.attempts,
        timeout=retries.within,
        wait_initial=retries.first_wait,
        wait_max=retries.longest_wait,
        wait_jitter=retries.first_wait,
    )
    for attempt in attempts:
        with attempt:
            return once()
    raise AssertionError("an attempt returns or raises")


def _again(error: Exception, retries: Retries) -> bool | float:
    """Tell whether, or after how many seconds, a request is tried again."""
    if not isinstance(error, _RetryableError):
        return False
    if error.wait is None:
        return True
    return error.wait if error.wait <= retries.longest_wait else False


@contextmanager
def _failures(server: Server, where: str) -> Iterator[None]:
    """Turn what goes wrong on the way into an error that is tried again."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise _RetryableError(f"{where} did not answer within {server.timeout:g} s") from error
    except httpx2.TransportError as error:
        raise _RetryableError(_hidden(f"{where} cannot be reached: {error}", server)) from error


def _answer(server: Server, ask: Callable[[], httpx2.Response], where: str) -> Any:
    with _failures(server, where):
        response = ask()
    _refuse(server, response, where)
    try:
        return json.loads(response.content, parse_float=Decimal, parse_constant=Decimal)
    except ValueError as error:
        raise CollectError(f"{where} answered with no JSON: {_said(server, response)}", permanent=True) from error


def _refuse(server: Server, response: httpx2.Response, where: str) -> None:
    """Raise for any status but 200: what may pass is tried again."""
    said = _said(server, response)
    if response.status_code == httpx2.codes.TOO_MANY_REQUESTS or response.status_code >= 500:
        wait = _retry_after(response)
        asked = "" if wait is None else f", and asks to wait {wait:g} s"
        raise _RetryableError(f"{where} answered {response.status_code}{asked}: {said}", wait)
    if response.status_code != httpx2.codes.OK:
        raise RefusedError(f"{where} answered {response.status_code}: {said}", response.status_code)


def _said(server: Server, response: httpx2.Response) -> str:
    return _hidden(" ".join(response.text.split())[:_SHOWN_BODY], server)


def _retry_after(response: httpx2.Response) -> float | None:
    """Read Retry-After, in seconds or as a date (RFC 9110, 10.2.3); None where there is none that makes sense."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    until = told_time(text)
    return None if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())


def told_time(date: str) -> datetime | None:
    """Return what a server's Date header says, in UTC; None where it says nothing that makes sense."""
    try:
        told = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def _hidden(text: str, server: Server) -> str:
    """Blank out the credentials where an answer repeats them."""
    shown = (value.rpartition(" ")[2] for value in server.headers.values())  # without the scheme, such as Bearer
    for secret in (server.bearer_token, server.password, *shown):
        if secret:
            text = text.replace(secret, _HIDDEN)
    return text
