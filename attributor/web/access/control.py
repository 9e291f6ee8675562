"""The door: who asks is found out, held against what the address wants, and kept to what they may read."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attributor.config.access_settings import AccessSettings, ProxySettings
from attributor.config.hosts import is_loopback
from attributor.ledger.api_tokens import token_shown
from attributor.ledger.audit import Change, record_change
from attributor.ledger.owner_filter import OwnerFilter
from attributor.web.access.policy import Wants, refused, taken, wanted
from attributor.web.access.sessions import SIGN_IN, signed_in
from attributor.web.access.visiting import Visiting
from attributor.web.access.visitor import Visitor, visitor_of, visitor_with

_BEARER = "bearer "
_A_MINUTE = RateLimitItemPerMinute(600)
_FAILED_A_MINUTE = RateLimitItemPerMinute(30)
_KEPT_OF_A_BODY = 4000
_OPEN_NAMES = ("x-forwarded-user", "x-auth-request-user", "remote-user")


@dataclass(frozen=True)
class Door:
    """What the door needs: `access` returns the settings in use now, `clock` aware UTC time.

    While somebody is answered `owners` and `visiting` say what they may read and who they are. `hosts`: where nobody
    signs in because this machine alone can ask, the names that it may be asked by beside its own; None: by any.
    """

    access: Callable[[], AccessSettings]
    engine: Engine
    clock: Callable[[], datetime]
    owners: OwnerFilter
    public_url: str = ""
    hosts: frozenset[str] | None = None
    visiting: Visiting = field(default_factory=Visiting)


def open_door(engine: Engine, clock: Callable[[], datetime]) -> Door:
    """Return a door that stands open: nobody signs in, and everybody may do everything."""
    return Door(lambda: AccessSettings(is_open=True), engine, clock, OwnerFilter(engine))


Problem = Callable[[Request, int, str], Response]


class AccessControl:
    """ASGI middleware that lets nobody further than they may go, and writes down who changed what."""

    def __init__(self, app: ASGIApp, door: Door, problem: Problem) -> None:
        self._app = app
        self._door = door
        self._problem = problem
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on with `state.visitor`."""
        wants = wanted(scope["method"], scope["path"]) if scope["type"] == "http" else "nothing"
        if scope["type"] == "http" and self._is_misled(scope):
            no = "this name is not known here; write http://127.0.0.1, or say it as `public_url` under `web:`"
            await self._problem(Request(scope), 403, no)(scope, receive, send)
            return
        if wants == "nothing":
            await self._app(scope, receive, send)
            return
        visitor = await run_in_threadpool(self._visitor, scope)
        if visitor is None:
            allowed = await self._limiter.hit(_FAILED_A_MINUTE, "failed", _asking(scope, self._door.access().proxy))
            await (self._unknown(scope) if allowed else _too_many())(scope, receive, send)
            return
        if visitor.via != "open" and not await self._limiter.hit(_A_MINUTE, visitor.via, visitor.name):
            await _too_many()(scope, receive, send)
            return
        if wants is None:
            await self._not_here(scope)(scope, receive, send)
            return
        why = _refused(visitor, wants, scope)
        if why is not None:
            await self._problem(Request(scope), 403, why)(scope, receive, send)
            return
        await self._let_in(visitor, scope, receive, send)

    def _is_misled(self, scope: Scope) -> bool:
        """Say whether a page of another site asks this machine by a name of its own, to be taken for ours.

        That name leads here once the page has begun (DNS rebinding), so the browser lets its scripts read the answers.
        """
        hosts = self._door.hosts
        if hosts is None or not self._door.access().is_open:
            return False
        try:
            host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or ""
        except ValueError:
            return True
        return not is_loopback(host) and host not in hosts

    def _not_here(self, scope: Scope) -> Response:
        """Say what an address takes instead, or that there is none."""
        methods = taken(scope["path"])
        if not methods:
            return self._problem(Request(scope), 404, f"{scope['path']} is not a page")
        allowed = {"Allow": ", ".join(methods)}
        if scope["method"] == "OPTIONS":
            return Response(status_code=204, headers=allowed)
        answer = self._problem(Request(scope), 405, f"{scope['method']} is not taken here; {allowed['Allow']} are")
        answer.headers.update(allowed)
        return answer

    def _unknown(self, scope: Scope) -> Response:
        """Send a browser to the sign-in, and tell a program what it needs."""
        accepts = Headers(scope=scope).get("accept", "")
        if self._door.access().oidc is not None and scope["method"] == "GET" and "text/html" in accepts:
            query = scope["query_string"].decode("latin-1")
            back = urlencode({"back": scope["path"] + (f"?{query}" if query else "")})
            return RedirectResponse(f"{SIGN_IN}?{back}", 303)
        answer = self._problem(Request(scope), 401, "sign in, or show an API token as `Authorization: Bearer …`")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    async def _let_in(self, visitor: Visitor, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["visitor"] = visitor
        changes = scope["method"] != "GET"
        sent = bytearray()
        status = 500

        async def received() -> Message:
            message = await receive()
            if changes and len(sent) < _KEPT_OF_A_BODY:
                sent.extend(message.get("body", b"")[: _KEPT_OF_A_BODY - len(sent)])
            return message

        async def answered(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        with self._door.owners.seen_by(visitor.owners), self._door.visiting.by(visitor):
            await self._app(scope, received, answered)
        if changes and status < 400:
            detail = sent.decode("utf-8", "replace")
            action = f"{scope['method']} {scope['path']}"
            change = Change(self._door.clock(), visitor.name, visitor.via, action, detail)
            await run_in_threadpool(record_change, self._door.engine, change)

    def _visitor(self, scope: Scope) -> Visitor | None:
        """Find out who asks; a token is looked up first, for it is shown on purpose."""
        access, headers = self._door.access(), Headers(scope=scope)
        shown = headers.get("authorization", "")
        if shown[: len(_BEARER)].casefold() == _BEARER:
            token = token_shown(self._door.engine, shown[len(_BEARER) :].strip(), self._door.clock())
            return None if token is None else visitor_with(token)
        if access.is_open:
            return Visitor(next((headers[name] for name in _OPEN_NAMES if name in headers), ""), "admin", "open")
        if access.proxy is not None:
            found = _by_proxy(access, access.proxy, headers, _client(scope))
            if found is not None:
                return found
        session = signed_in(scope.get("session", {}), self._door.clock())
        return None if session is None else visitor_of(access, session.name, session.groups, "oidc")


def _refused(visitor: Visitor, wants: Wants, scope: Scope) -> str | None:
    """Return why a visitor may not have the address, whichever of the teams that it asks for stands in the way."""
    teams = parse_qs(scope["query_string"].decode("latin-1")).get("team") or [None]
    reasons = (refused(visitor, wants, scope["path"], team) for team in teams)
    return next((reason for reason in reasons if reason is not None), None)


def _by_proxy(access: AccessSettings, proxy: ProxySettings, headers: Headers, client: str) -> Visitor | None:
    """Return whom the proxy names; whoever else sets these headers is not believed, nor a name that is said twice."""
    names = headers.getlist(proxy.user_header)
    name = names[0] if len(names) == 1 else ""
    if not name or not _is_in(client, proxy):
        return None
    groups = headers.get(proxy.groups_header, "").split(",")
    return visitor_of(access, name, [group.strip() for group in groups if group.strip()], "proxy")


def _is_in(client: str, proxy: ProxySettings) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    return any(address in network for network in proxy.networks)


def _client(scope: Scope) -> str:
    return (scope.get("client") or ("", 0))[0]


def _asking(scope: Scope, proxy: ProxySettings | None) -> str:
    """Return the address to count by: what a proxy on this machine, or one that is believed, says last that it saw."""
    client = _client(scope)
    is_proxy = is_loopback(client) or (proxy is not None and _is_in(client, proxy))
    said = Headers(scope=scope).get("x-forwarded-for", "").rpartition(",")[2].strip() if is_proxy else ""
    return _network_of(said or client)


def _network_of(address: str) -> str:
    """Return what one caller has: an address, or in IPv6 the network of 64 bits that a single household is given."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _too_many() -> Response:
    words = {"detail": "that is too often; wait a minute"}
    return JSONResponse(words, 429, {"Retry-After": "60"})
