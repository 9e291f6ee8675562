"""A test message to a channel, asked for by the API or on a page."""

from dataclasses import dataclass

from fastapi import HTTPException

from alerts.channels.base import Accepted
from alerts.pipeline import probe
from attributor.web.parts import SiteParts


@dataclass(frozen=True)
class ChannelTested:
    """Whether a channel took a test message; `error` says why not, and holds neither address nor secret."""

    channel: str
    accepted: bool
    error: str


def tested_channel(parts: SiteParts, name: str) -> ChannelTested:
    """Send a test message and say what became of it. Raises HTTPException where no channel has the name."""
    channels = parts.channels()
    if name not in channels:
        raise HTTPException(404, f"no channel is called {name!r}; known: {', '.join(channels) or 'none'}")
    answer = channels[name].send(probe(name, parts.clock()))
    return ChannelTested(name, isinstance(answer, Accepted), "" if isinstance(answer, Accepted) else answer.error)
