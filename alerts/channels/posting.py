"""POST to an address that is a secret, and read the answer as accepted, postponed or refused.

The request goes through httpx2's transport and not its Client: the Client writes every full URL to its log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.request import getproxies, proxy_bypass

import httpx2

from alerts.channels.base import Accepted, Answer, Postponed, Refused

TIMEOUT_SECONDS = 10.0
_RETRIED_CLIENT_ERRORS = frozenset({408, 425, 429})
_LONGEST_REST = timedelta(hours=1)
_ERROR_LENGTH = 200


@dataclass(frozen=True)
class Address:
    """An http(s) URL that never shows more than its host."""

    url: str = field(repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def __post_init__(self) -> None:
        try:
            parsed = httpx2.URL(self.url)
        except httpx2.InvalidURL:
            raise ValueError("is not a URL; write it as https://host/path") from None
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ValueError("is not an http or https URL; write it as https://host/path")

    @property
    def host(self) -> str:
        """The host, which may be shown."""
        return httpx2.URL(self.url).host

    def hidden_in(self, text: str) -> str:
        """Return the text with the address and its parts beyond the host blotted out, and not too long."""
        parsed = httpx2.URL(self.url)
        target = parsed.raw_path.decode("ascii")
        for secret in (self.url, target, parsed.path, parsed.query.decode("ascii"), parsed.password):
            if len(secret) > 1:
                text = text.replace(secret, "…")
        return text[:_ERROR_LENGTH]


def post(address: Address, body: bytes, headers: Mapping[str, str], now: datetime) -> Answer:
    """POST the body once. 2xx is accepted; 408, 425, 429, 5xx and the network are postponed; the rest is refused."""
    return exchange(address, body, headers, now)[0]


def call(address: Address, now: datetime) -> Answer:
    """GET the address once; the answer is read as that of `post`."""
    return _ask(address, httpx2.Request("GET", address.url, extensions=_extensions(address)), now)[0]


def exchange(address: Address, body: bytes, headers: Mapping[str, str], now: datetime) -> tuple[Answer, bytes]:
    """Do what `post` does, and return the body of the answer too, empty where there was none."""
    extensions = _extensions(address)
    request = httpx2.Request("POST", address.url, content=body, headers=dict(headers), extensions=extensions)
    return _ask(address, request, now)


def _extensions(address: Address) -> dict[str, object]:
    return {"timeout": httpx2.Timeout(address.timeout_seconds).as_dict()}


def _ask(address: Address, request: httpx2.Request, now: datetime) -> tuple[Answer, bytes]:
    try:
        # Loading certificates takes a tenth of a second; a plain http address has no use for them.
        verify = request.url.scheme == "https"
        with httpx2.HTTPTransport(verify=verify, proxy=_proxy_for(request.url)) as transport:
            response = transport.handle_request(request)
            response.read()
    except httpx2.TimeoutException:
        return Postponed(f"{address.host} did not answer within {address.timeout_seconds:g} s"), b""
    except httpx2.TransportError as error:
        return Postponed(address.hidden_in(f"could not reach {address.host}: {error or type(error).__name__}")), b""
    except httpx2.DecodingError:
        return Postponed(f"{address.host} sent an answer that cannot be decoded"), b""
    return _read(address, response, now), response.content


def _read(address: Address, response: httpx2.Response, now: datetime) -> Answer:
    code = response.status_code
    if 200 <= code < 300:
        return Accepted()
    said = address.hidden_in(response.text.strip())
    error = f"{address.host} answered {code}{': ' + said if said else ''}"
    if code in _RETRIED_CLIENT_ERRORS or code >= 500:
        return Postponed(error, _rest(response.headers.get("Retry-After"), now))
    return Refused(error)


def _rest(retry_after: str | None, now: datetime) -> timedelta | None:
    """Read Retry-After, seconds or an HTTP date (RFC 9110, 10.2.3); None where it is absent or neither."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return min(timedelta(seconds=min(int(retry_after), 10**6)), _LONGEST_REST)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta(0)), _LONGEST_REST)


def _proxy_for(url: httpx2.URL) -> str | None:
    """Return the proxy that the environment names for the URL, as the httpx2 Client would."""
    if proxy_bypass(url.host):
        return None
    proxies = getproxies()
    return proxies.get(url.scheme) or proxies.get("all")
