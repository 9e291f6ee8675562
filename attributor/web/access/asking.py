"""Who asks, for routes that write down who did something."""

from fastapi import Request

from attributor.web.access.visitor import Visitor


def asker(request: Request, said: str, unknown: str) -> str:
    """Return whose name stands beside a change: that of whoever signed in, whatever they say they are.

    Where nobody has to sign in it is what they say, or what a proxy says of them, else `unknown`.
    """
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is not None and visitor.via != "open":
        return visitor.name
    return said or (visitor.name if visitor is not None else "") or unknown
