"""What a page says of whoever is signed in: their name, what they may see and do, and how they leave."""

from dataclasses import dataclass

from attributor.web.access.control import Door
from attributor.web.access.visitor import Visitor


@dataclass(frozen=True)
class Account:
    """Who is signed in, and `may` in words. They leave by a form (`has_form`), or by the address `leave`, if any."""

    name: str
    may: str
    has_form: bool
    leave: str = ""


def account(door: Door) -> Account | None:
    """Return who is being answered; None where nobody has to sign in."""
    visitor = door.visiting.visitor
    if visitor is None or visitor.via == "open":
        return None
    proxy = door.access().proxy
    leave = proxy.sign_out if proxy is not None and visitor.via == "proxy" else ""
    return Account(visitor.name, _may(visitor), visitor.via == "oidc", leave)


def _may(visitor: Visitor) -> str:
    if visitor.role == "admin":
        return "Admin: sees and changes everything"
    if visitor.role == "finance":
        return "Finance: sees everything"
    if not visitor.teams:
        return "In no team yet: an admin can tell you what you need"
    return f"Sees {', '.join(sorted(visitor.teams))}"
