"""A session with an API: a token that may expire midway, the requests it took and what they cost."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2

from collectors.base import CollectError
from collectors.http import Params, RefusedError, Server, connected, get_json, post_form, post_json, told_time

Headers = Mapping[str, str]
_UNAUTHORISED = 401


@dataclass(frozen=True)
class Terms:
    """What asking takes: the price of one request (in the provider's currency) and the most requests of a reading.

    `enter` gives the headers of authentication where they are known only when asking begins, `refresh` new ones where
    the token expired.
    """

    price: Decimal = Decimal(0)
    most: int | None = None
    enter: Callable[[], Headers] | None = None
    refresh: Callable[[], Headers] | None = None


class Session:
    """An open connection to an API; tried requests are counted, those that were tried again too."""

    def __init__(self, client: httpx2.Client, server: Server, terms: Terms, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._terms = terms
        self._clock = clock
        self.server = server
        self.requests = 0
        self.skew = timedelta()
        client.event_hooks = {"request": [self._count], "response": [self._compare_clocks]}

    def sign_in(self) -> None:
        """Take the headers to begin with; raise CollectError where there are none to be had."""
        if self._terms.enter is not None:
            self._bear(self._terms.enter())

    @property
    def cost(self) -> Decimal:
        """What the requests cost so far."""
        return self._terms.price * self.requests

    def now(self) -> datetime:
        """Return the earlier of our time and the server's: what neither has reached is not complete."""
        now = self._clock()
        return min(now, now + self.skew)

    def get(self, path: str, params: Params) -> Any:
        """Ask for a JSON document as `collectors.http.get_json` does; an expired token is renewed once."""
        return self._renewing(lambda: get_json(self._client, self.server, path, params))

    def post(self, path: str, document: object) -> Any:
        """Ask with a JSON document in the body."""
        return self._renewing(lambda: post_json(self._client, self.server, path, document))

    def post_form(self, path: str, fields: Mapping[str, str]) -> Any:
        """Ask with a form in the body."""
        return self._renewing(lambda: post_form(self._client, self.server, path, fields))

    def _renewing(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except RefusedError as error:
            if error.status != _UNAUTHORISED or self._terms.refresh is None:
                raise
        self._bear(self._terms.refresh())
        return ask()

    def _bear(self, headers: Headers) -> None:
        """Ask with these headers from now on; messages hide them."""
        self._client.headers.update(headers)
        self.server = replace(self.server, headers={**self.server.headers, **headers})

    def _count(self, _request: httpx2.Request) -> None:
        if self._terms.most is not None and self.requests >= self._terms.most:
            message = f"{self.server.shown}: {self.requests} requests were made, the most that this reading may make"
            raise CollectError(message, permanent=False)
        self.requests += 1

    def _compare_clocks(self, response: httpx2.Response) -> None:
        there = told_time(response.headers.get("Date", ""))
        if there is not None:
            self.skew = there - self._clock()


@contextmanager
def opened_session(server: Server, terms: Terms, clock: Callable[[], datetime]) -> Iterator[Session]:
    """Open a session; it is closed afterwards."""
    with connected(server) as client:
        session = Session(client, server, terms, clock)
        session.sign_in()
        yield session
