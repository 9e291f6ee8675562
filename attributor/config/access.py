"""`access:`: who may sign in, how, and what they may see and do."""

import ipaddress
from collections.abc import Collection, Mapping

from attributor.config.access_settings import AccessSettings, OidcSettings, ProxySettings
from attributor.config.hosts import is_loopback
from attributor.config.keys import ACCESS, OIDC, PROXY
from attributor.config.options import typed_options
from attributor.config.settings import WebSettings
from rules.located import Located
from rules.problem import Problem

OTHERS = ("hidden", "totals")
_SHORTEST_SECRET = 32


def read_access(
    node: Located | None, web: WebSettings, listen: Located | None, teams: Collection[str]
) -> tuple[AccessSettings, list[Problem]]:
    """Return who may do what; without the section everybody may do everything, which wants a loopback address."""
    if node is None or node.is_empty:
        problems = [] if is_loopback(web.host) or listen is None else [_not_only_loopback(listen)]
        return AccessSettings(is_open=True), problems
    values, problems = typed_options(node, ACCESS)
    entries = node.entries or {}
    oidc, wrong_oidc = _read_oidc(entries.get("oidc"), web)
    proxy, wrong_proxy = _read_proxy(entries.get("proxy"))
    members, wrong_members = _read_teams(entries.get("teams"), teams)
    problems += [*wrong_oidc, *wrong_proxy, *wrong_members]
    others = str(values.get("others", "hidden"))
    if others not in OTHERS:
        problems.append(entries["others"].problem(f"`others`: {others!r} is none", f"write {' or '.join(OTHERS)}"))
    is_open = bool(values.get("open", False))
    ways = [name for name in ("oidc", "proxy") if name in entries]
    if is_open and ways:
        problems.append(node.problem(f"`open` and `{ways[0]}` contradict each other", "keep one of them"))
    return AccessSettings(
        is_open=is_open,
        oidc=oidc,
        proxy=proxy,
        admins=tuple(values.get("admin", ())),
        finance=tuple(values.get("finance", ())),
        teams=members,
        shows_totals_of_others=others == "totals",
    ), problems


def _not_only_loopback(listen: Located) -> Problem:
    return listen.problem(
        "others can reach this address, and nobody has to sign in",
        "say under `access:` who may come; `access: {open: true}` where the network itself keeps others out",
    )


def _read_oidc(node: Located | None, web: WebSettings) -> tuple[OidcSettings | None, list[Problem]]:
    if node is None:
        return None, []
    values, problems = typed_options(node, OIDC)
    secret = str(values.get("session_secret", ""))
    if secret and len(secret) < _SHORTEST_SECRET:
        fix = f"take {_SHORTEST_SECRET} or more, for example of `openssl rand -hex 32`"
        problems.append((node.entries or {})["session_secret"].problem("`session_secret` is too short", fix))
    if not web.public_url:
        problems.append(node.problem("`oidc` needs to know its own address", "add `public_url` under `web:`"))
    if problems:
        return None, problems
    return OidcSettings(
        issuer=str(values["issuer"]).rstrip("/"),
        client_id=str(values["client_id"]),
        client_secret=str(values["client_secret"]),
        session_secret=secret,
        user_claim=str(values["user"]),
        groups_claim=str(values["groups"]),
        scopes=tuple(values.get("scopes", ("openid", "email", "profile"))),
    ), []


def _read_proxy(node: Located | None) -> tuple[ProxySettings | None, list[Problem]]:
    if node is None:
        return None, []
    values, problems = typed_options(node, PROXY)
    networks = []
    for text in values.get("from", ()):
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            place = (node.entries or {})["from"]
            problems.append(place.problem(f"`from`: {text!r} is no network", "write it like 10.0.0.0/8 or 127.0.0.1"))
    leave = str(values.get("sign_out", ""))
    if leave and (leave.startswith("//") or not leave.startswith(("/", "https://", "http://"))):
        place = (node.entries or {})["sign_out"]
        problems.append(place.problem(f"`sign_out`: {leave!r} is no address", "write a path or https://…"))
    if problems:
        return None, problems
    return ProxySettings(str(values["user"]), str(values["groups"]), tuple(networks), leave), []


def _read_teams(node: Located | None, known: Collection[str]) -> tuple[Mapping[str, tuple[str, ...]], list[Problem]]:
    """Return the members by team; each is a user's name or `group:NAME`."""
    if node is None or node.is_empty:
        return {}, []
    if node.entries is None:
        return {}, [node.problem("`teams` must be a map", "write `TEAM: [ana@corp.example, group:search]`")]
    problems, found = [], {}
    for team, members in node.entries.items():
        if team not in known:
            problems.append(Problem(node.file, node.key_lines[team], f"no team is called `{team}`", "see `teams:`"))
        elif members.entries is not None:
            problems.append(members.problem(f"`{team}` must be a list", "write `[ana@corp.example, group:search]`"))
        else:
            plain = members.plain()
            found[team] = (plain,) if isinstance(plain, str) else tuple(str(each) for each in plain)
    return found, problems
