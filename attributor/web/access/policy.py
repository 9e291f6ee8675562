"""What each address wants of whoever asks. An address that stands nowhere here is answered to nobody."""

import re
from typing import Literal

from attributor.web.access.visitor import Visitor

Wants = Literal["nothing", "reading", "company", "handling", "admin"]
"""`nothing`: whoever asks, or what has its own proof. `reading`: one's own teams. `company`: all teams. `handling`: to
change how alerts of one's own teams stand. `admin`: to change what concerns everybody."""

_RULES: tuple[tuple[str, str, Wants], ...] = (
    ("GET", r"/(healthz|readyz|favicon\.ico)", "nothing"),
    ("GET", r"/assets/.*", "nothing"),
    ("GET", r"/sign-in(/callback)?", "nothing"),
    ("GET", r"/sign-out", "nothing"),
    ("POST", r"/sign-out", "nothing"),
    ("POST", r"/api/v1/slack/interactions", "nothing"),  # signed by Slack
    ("POST", r"/api/v1/usage|/v1/(traces|metrics)", "nothing"),  # the push source's own token
    ("GET", r"/metrics", "company"),
    ("GET", r"/api/v1/audit", "admin"),
    ("POST", r"/(api/v1/)?alerts/(silences|test)", "admin"),
    ("DELETE", r"/api/v1/alerts/silences/.*", "admin"),
    ("POST", r"/alerts/handle", "handling"),
    ("POST", r"/api/v1/alerts/(ack|snooze|feedback)", "handling"),
    ("DELETE", r"/api/v1/alerts/feedback/.*", "handling"),
    ("GET", r"/(overview\.json|health(\.json)?|explain(\.json)?)?", "reading"),
    ("GET", r"/(gpus|models)(\.json)?", "reading"),
    ("GET", r"/teams", "reading"),
    ("GET", r"/(teams|charts/teams)/.*", "reading"),
    ("GET", r"/budgets/(edit|edited\.yaml)", "company"),
    ("POST", r"/budgets/edit", "company"),  # and one of the roles that the configuration lets do it
    ("GET", r"/api/v1/budgets/.+", "company"),  # likewise, as the two below
    ("PUT", r"/api/v1/budgets/.+", "company"),
    ("DELETE", r"/api/v1/budgets/.+", "company"),
    ("GET", r"/(budgets|unit-costs)(\.json)?", "reading"),
    ("GET", r"/statements/[^/]+/cost-centers/.*", "company"),
    ("GET", r"/statements(\.json|/[^/]+/.+)?", "reading"),
    ("GET", r"/(data-quality|rules)(\.json)?", "company"),
    ("GET", r"/alerts(/why)?(\.json)?", "reading"),
    ("GET", r"/api/v1/(openapi\.json|allocations|alerts(/(show|why|silences|feedback))?)", "reading"),
    ("GET", r"/api/v1/(showback|usage|budgets|forecast|explain|teams|sources)", "reading"),
)
_COMPILED = tuple((method, re.compile(path), wants) for method, path, wants in _RULES)
_TEAM = re.compile(
    r"/(?:(?:charts/)?teams|statements/[^/]+)/(.+?)(?:\.json|/daily\.png|\.pdf|\.xlsx|\.csv|\.html|\.md)?"
)


def wanted(method: str, path: str) -> Wants | None:
    """Return what an address wants; None where no rule knows it."""
    return next((wants for each, form, wants in _COMPILED if each == method and form.fullmatch(path)), None)


def taken(path: str) -> tuple[str, ...]:
    """Return the methods that an address takes, in alphabetical order; none where no rule knows it."""
    known = {method for method, form, _ in _COMPILED if form.fullmatch(path)}
    more = {"HEAD"} if "GET" in known else set()
    return tuple(sorted(known | more | {"OPTIONS"})) if known else ()


def refused(visitor: Visitor, wants: Wants, path: str, team: str | None) -> str | None:
    """Return why a visitor may not have what an address answers, None where they may; `team` is what it asks for."""
    if wants == "admin" and visitor.role != "admin":
        return "only admins may do that"
    if wants == "company" and visitor.owners is not None:
        return "only finance and admins may see what concerns all teams"
    if wants == "handling" and visitor.role == "finance":
        return "finance sees everything and changes nothing; ask the team or an admin"
    named = _TEAM.fullmatch(path)
    for asked in (named[1] if named else None, team):
        if asked and not visitor.may_read(asked):
            return f"you are not in the team {asked}; its lead or an admin can tell you what you need"
    return None
