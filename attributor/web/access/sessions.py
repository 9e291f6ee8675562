"""Signing in by OpenID Connect: the provider says who somebody is; a signed cookie remembers it for a working day.

Signing out ends the session here and leads to where the provider ends its own (OpenID Connect RP-Initiated Logout 1.0).
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from httpx2 import HTTPError
from joserfc.errors import JoseError
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool

from attributor.config.access_settings import OidcSettings
from attributor.web.own_forms import refuse_other_sites

logger = logging.getLogger(__name__)

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
_CALLBACK = f"{SIGN_IN}/callback"
_KEPT, _HINT = "user", "hint"
_LONGEST_HINT = 1400
"""Of an ID token that is kept in the cookie, which holds four thousand characters in all."""
_LONGEST_GROUPS = 1000
"""Of groups that are all kept there; of more, those that give rights now."""
_LASTS = timedelta(hours=8)
_NOTED_A_MINUTE = RateLimitItemPerMinute(30)
"""Failures that are written down: whoever asks can make one, and must not fill the ledger."""


@dataclass(frozen=True)
class SignedIn:
    """Who somebody is by the provider."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Reception:
    """What signing in and out needs: our own address, aware UTC time, and pages.

    `note` writes down who did what, and more of it: "" is nobody that we know. `groups` returns those that give rights.
    """

    public_url: str
    clock: Callable[[], datetime]
    note: Callable[[str, str, str], None]
    groups: Callable[[], Collection[str]]
    page: Callable[[str, Mapping[str, Any]], Response]


def session_routes(oidc: OidcSettings, reception: Reception) -> APIRouter:
    """Return /sign-in, its callback, and /sign-out."""
    router = APIRouter()
    provider = _provider(oidc)
    _add_sign_in(router, provider, oidc, reception)
    _add_sign_out(router, provider, oidc, reception)
    return router


def _provider(oidc: OidcSettings) -> Any:
    oauth = OAuth()
    oauth.register(
        "provider",
        client_id=oidc.client_id,
        client_secret=oidc.client_secret,
        server_metadata_url=f"{oidc.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": " ".join(oidc.scopes), "code_challenge_method": "S256"},
    )
    return oauth.create_client("provider")


def _add_sign_in(router: APIRouter, provider: Any, oidc: OidcSettings, reception: Reception) -> None:

    @router.get(SIGN_IN)
    async def sign_in(request: Request, back: str = "/") -> Response:
        """Send the browser to the provider, and remember where it came from."""
        request.session["back"] = back if _is_ours(back) else "/"
        with _told():
            answer: Response = await provider.authorize_redirect(request, f"{reception.public_url}{_CALLBACK}")
        return answer

    failures = MovingWindowRateLimiter(MemoryStorage())

    @router.get(_CALLBACK)
    async def callback(request: Request) -> Response:
        """Take what the provider says, and go back."""
        try:
            token = await _token(provider, oidc, request)
            name, groups = _named(token["userinfo"], oidc)
        except HTTPException as error:
            if error.status_code == 403 and failures.hit(_NOTED_A_MINUTE, "sign-in"):
                client = request.client.host if request.client else "nowhere"
                await run_in_threadpool(reception.note, "", "sign-in failed", f"{error.detail} (from {client})")
            raise
        back = request.session.get("back", "/")
        request.session.clear()
        until = (reception.clock() + _LASTS).timestamp()
        groups = groups if sum(map(len, groups)) <= _LONGEST_GROUPS else [*set(groups) & set(reception.groups())]
        request.session[_KEPT] = {"name": name, "groups": groups, "until": int(until)}
        if len(token["id_token"]) <= _LONGEST_HINT:
            request.session[_HINT] = token["id_token"]
        await run_in_threadpool(reception.note, name, "sign in", "")
        return RedirectResponse(back, 303)


async def _token(provider: Any, oidc: OidcSettings, request: Request) -> Mapping[str, Any]:
    """Return what the provider answers to its code, with claims that it signed, of now, for us and for this browser.

    Authlib by itself takes claims for another audience where `azp` names us (OpenID Connect Core 1.0, 3.1.3.7).
    """
    with _told():
        issuer = (await provider.load_server_metadata()).get("issuer", oidc.issuer)
        meant = {"iss": {"values": [issuer]}, "aud": {"essential": True, "value": oidc.client_id}}
        token: Mapping[str, Any] = await provider.authorize_access_token(request, claims_options=meant)
    if "userinfo" not in token or "id_token" not in token:
        raise HTTPException(403, "the provider says nothing of who you are; `scopes` must hold openid")
    return token


def _named(claims: Mapping[str, Any], oidc: OidcSettings) -> tuple[str, list[str]]:
    """Return a user's name and groups; a single group may stand without a list."""
    name, groups = claims.get(oidc.user_claim), claims.get(oidc.groups_claim) or ()
    if not isinstance(name, str) or not name:
        raise HTTPException(403, f"the provider says no `{oidc.user_claim}` of you; an admin can name another claim")
    return name, [str(group) for group in ((groups,) if isinstance(groups, str) else groups)]


def _add_sign_out(router: APIRouter, provider: Any, oidc: OidcSettings, reception: Reception) -> None:
    @router.get(SIGN_OUT)
    def signed_out() -> Response:
        """Answer whoever comes back from the provider, signed out there too."""
        return reception.page("signed_out.html", {"onward": "", "provider": ""})

    @router.post(SIGN_OUT)
    async def sign_out(request: Request) -> Response:
        """Forget who somebody is, and lead on to where the provider does."""
        refuse_other_sites(request)
        found, hint = signed_in(request.session, reception.clock()), request.session.get(_HINT)
        request.session.clear()
        if found is not None:
            await run_in_threadpool(reception.note, found.name, "sign out", "")
        onward = await _onward(provider, oidc, f"{reception.public_url}{SIGN_OUT}", hint)
        # A form's answer may not redirect to another site by the content security policy: the page itself leads on.
        return reception.page("signed_out.html", {"onward": onward, "provider": urlsplit(oidc.issuer).netloc})


async def _onward(provider: Any, oidc: OidcSettings, back: str, hint: str | None) -> str:
    """Return where the provider ends its session; "" where it says none, or does not answer."""
    try:
        endpoint = (await provider.load_server_metadata()).get("end_session_endpoint", "")
    except HTTPError:
        logger.warning("the provider does not answer: whoever signs out stays signed in there")
        return ""
    if not str(endpoint).startswith(("https://", "http://")):
        return ""
    words = {"client_id": oidc.client_id, "post_logout_redirect_uri": back} | ({"id_token_hint": hint} if hint else {})
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(words)}"


@contextmanager
def _told() -> Iterator[None]:
    """Say what went wrong between us and the provider; what it signed wrongly is not repeated."""
    again = f"go to {SIGN_IN} to try again"
    try:
        yield
    except OAuthError as error:
        raise HTTPException(403, f"the sign-in failed: {error.error}; {again}") from error
    except JoseError as error:
        raise HTTPException(403, f"the provider's answer is not signed as it should be; {again}") from error
    except HTTPError as error:
        raise HTTPException(503, f"the provider does not answer ({type(error).__name__}); {again}") from error


def signed_in(session: dict[str, Any], now: datetime) -> SignedIn | None:
    """Return who a session is of, None where it is over or nobody's."""
    kept = session.get(_KEPT)
    if not kept or now.timestamp() >= kept["until"]:
        return None
    return SignedIn(kept["name"], tuple(kept["groups"]))


def _is_ours(address: str) -> bool:
    """Return whether an address is a path of this site: nobody is sent elsewhere after signing in."""
    return address.startswith("/") and not address.startswith(("//", "/\\"))
