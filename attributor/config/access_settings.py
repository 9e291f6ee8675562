"""Who may sign in, how, and what they may see and do, as configured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network


@dataclass(frozen=True)
class ProxySettings:
    """A proxy that signs people in: the headers that it says user and groups in, and the networks it asks from.

    `sign_out` is its path or address where people sign out, "" for none.
    """

    user_header: str
    groups_header: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    sign_out: str = ""


@dataclass(frozen=True)
class OidcSettings:
    """An OpenID Connect provider, what it knows us as, and the claims with a user's name and groups."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    session_secret: str = field(repr=False)
    user_claim: str = "email"
    groups_claim: str = "groups"
    scopes: tuple[str, ...] = ("openid", "email", "profile")


@dataclass(frozen=True)
class AccessSettings:
    """Who may see and do what. `is_open`: nobody signs in, and everybody may do everything.

    Members are users by name, or `group:NAME`; `teams` has them by the team's id. Whoever signs in and is in none of
    the lists sees no team. `shows_totals_of_others`: what each other team costs is no secret, but not of what.
    """

    is_open: bool = False
    oidc: OidcSettings | None = None
    proxy: ProxySettings | None = None
    admins: tuple[str, ...] = ()
    finance: tuple[str, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    shows_totals_of_others: bool = False
