"""Slack's mrkdwn, safely: names are escaped, and every text is cut to its limit without breaking an entity."""

import re
from collections.abc import Iterable

_BROKEN_ENTITY = re.compile(r"&[a-z]{0,3}$")
ELLIPSIS = "…"


def escape(text: str) -> str:
    """Return user text as mrkdwn that cannot mention, link or broadcast (`<!channel>` becomes plain text)."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(text: str, limit: int) -> str:
    """Escape and cut to `limit` characters."""
    whole = escape(text)
    if len(whole) <= limit:
        return whole
    return _BROKEN_ENTITY.sub("", whole[: limit - 1]) + ELLIPSIS


def cut(text: str, limit: int) -> str:
    """Cut plain text to `limit` characters; characters that cannot be shown become spaces."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return visible if len(visible) <= limit else visible[: limit - 1] + ELLIPSIS


def listed(lines: Iterable[str], most: int, limit: int) -> str:
    """Join at most `most` lines within `limit` characters and say how many were left out."""
    every = list(lines)
    room = limit - len(f"\n{ELLIPSIS} and {len(every)} more")
    kept: list[str] = []
    for line in every[:most]:
        if len(line) + 1 > room:
            break
        kept.append(line)
        room -= len(line) + 1
    left_out = len(every) - len(kept)
    return "\n".join(kept if not left_out else [*kept, f"{ELLIPSIS} and {left_out} more"])
