"""Signing in by OpenID Connect: the provider says who somebody is; a signed cookie remembers it for a working day."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from httpx2 import HTTPError
from joserfc.errors import JoseError

from attributor.config.access_settings import OidcSettings

SIGN_IN = "/sign-in"
_CALLBACK = f"{SIGN_IN}/callback"
_KEPT = "user"
_LASTS = timedelta(hours=8)


@dataclass(frozen=True)
class SignedIn:
    """Who somebody is by the provider."""

    name: str
    groups: tuple[str, ...]


def session_routes(oidc: OidcSettings, public_url: str, clock: Callable[[], datetime]) -> APIRouter:
    """Return /sign-in, its callback, and /sign-out."""
    router = APIRouter()
    oauth = OAuth()
    oauth.register(
        "provider",
        client_id=oidc.client_id,
        client_secret=oidc.client_secret,
        server_metadata_url=f"{oidc.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": " ".join(oidc.scopes), "code_challenge_method": "S256"},
    )
    provider: Any = oauth.create_client("provider")

    @router.get(SIGN_IN)
    async def sign_in(request: Request, back: str = "/") -> Response:
        """Send the browser to the provider, and remember where it came from."""
        request.session["back"] = back if _is_ours(back) else "/"
        with _told():
            answer: Response = await provider.authorize_redirect(request, f"{public_url}{_CALLBACK}")
        return answer

    @router.get(_CALLBACK)
    async def callback(request: Request) -> Response:
        """Take what the provider says, and go back."""
        with _told():
            token = await provider.authorize_access_token(request)
        claims = token["userinfo"]
        name = claims.get(oidc.user_claim)
        if not isinstance(name, str) or not name:
            raise HTTPException(
                403, f"the provider says no `{oidc.user_claim}` of you; an admin can name another claim"
            )
        groups = claims.get(oidc.groups_claim) or ()
        back = request.session.get("back", "/")
        request.session.clear()
        until = (clock() + _LASTS).timestamp()
        request.session[_KEPT] = {"name": name, "groups": [str(group) for group in groups], "until": int(until)}
        return RedirectResponse(back, 303)

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        """Forget who somebody is."""
        request.session.clear()
        return RedirectResponse("/", 303)

    return router


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
