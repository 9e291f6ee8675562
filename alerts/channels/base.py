"""What a channel is: its protocol, what can become of a message, and its options as configured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, TextIO

from alerts.alert import Alert
from alerts.ports import ChannelMemory, Message


@dataclass(frozen=True)
class Accepted:
    """The channel took the message."""


@dataclass(frozen=True)
class Postponed:
    """Trying again can help; `retry_after` is how long the channel asked to be left alone, where it did."""

    error: str
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Refused:
    """Trying again unchanged cannot help: a wrong address, a revoked webhook."""

    error: str


Answer = Accepted | Postponed | Refused


class Channel(Protocol):
    """One configured channel. Errors in answers never contain its address or secrets."""

    @property
    def name(self) -> str:
        """The name under `alerts.channels:`."""

    def send(self, message: Message) -> Answer:
        """Send one message and say what became of it; what the network does is an answer, not an exception."""


OptionKind = Literal["text", "url", "secret", "duration", "map"]


@dataclass(frozen=True)
class ChannelOption:
    """One key under a channel: what it is for, its form and an example; used for checking, schema and docs.

    A `url` is a secret as well: who knows a webhook's address can post to it.
    """

    name: str
    description: str
    example: str
    kind: OptionKind = "text"
    required: bool = False
    default: str | None = None


class Forgetful:
    """Remembers nothing: for channels that need no memory, and where there is no ledger."""

    def recall(self, name: str) -> str | None:  # noqa: ARG002 - the protocol's
        """Return None."""
        return None

    def keep(self, name: str, value: str, now: datetime) -> None:
        """Do nothing."""


def no_picture(_: Alert) -> bytes | None:
    """Draw nothing; the program passes its own where it draws."""
    return None


def no_chart(_: Alert) -> str | None:
    """Name no chart; the program passes its own where it draws them."""
    return None


@dataclass(frozen=True)
class ChannelSettings:
    """A channel as configured, with what the program adds.

    `options` are texts, or maps of text. `public_url` is where people reach the daemon's pages, empty where they
    cannot. `chart_path` gives the path of an alert's chart as PNG, or None; `chart_png` draws it. `clock` returns aware
    UTC. `memory` is the channel's own.
    """

    name: str
    options: Mapping[str, str | Mapping[str, str]] = field(repr=False)
    stream: TextIO
    clock: Callable[[], datetime]
    public_url: str = ""
    chart_path: Callable[[Alert], str | None] = no_chart
    chart_png: Callable[[Alert], bytes | None] = no_picture
    memory: ChannelMemory = field(default_factory=Forgetful)

    def text(self, option: str, default: str = "") -> str:
        """Return an option's text; raise ValueError where it is a map."""
        value = self.options.get(option, default)
        if not isinstance(value, str):
            raise ValueError(f"{option} must be a text, not a map")
        return value

    def mapping(self, option: str) -> Mapping[str, str]:
        """Return an option's map, empty where absent; raise ValueError where it is a text."""
        value = self.options.get(option, {})
        if isinstance(value, str):
            raise ValueError(f"{option} must be a map of names to texts")
        return value


@dataclass(frozen=True)
class ChannelType:
    """A kind of channel that `type:` can name."""

    name: str
    summary: str
    options: tuple[ChannelOption, ...]
    build: Callable[[ChannelSettings], Channel]
    """Raises ValueError with a message for the user when an option's value is wrong; it never shows a secret."""
    follows: bool = False
    """Whether it shows how an alert stands, and so wants to hear that somebody acknowledged it."""
