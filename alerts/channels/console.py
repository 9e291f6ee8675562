"""The console channel: readable lines on the program's own stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from alerts.alert import Alert
from alerts.amounts import shown
from alerts.channels.base import Accepted, Answer, ChannelSettings, ChannelType
from alerts.channels.wording import headline, money
from alerts.ports import Message

ALERTS_SHOWN = 20
CONTRIBUTORS_SHOWN = 5


@dataclass(frozen=True)
class ConsoleChannel:
    """Writes each message as a headline and indented lines."""

    name: str
    stream: TextIO
    public_url: str

    def send(self, message: Message) -> Answer:
        """Write the message; control characters in names are shown, not obeyed."""
        lines = (_printable(line) for line in _lines(message, self.public_url))
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()
        return Accepted()


def _lines(message: Message, public_url: str) -> Iterator[str]:
    yield f"[{message.created_at:%Y-%m-%d %H:%M} UTC] {headline(message)}"
    for alert in message.alerts[:ALERTS_SHOWN]:
        yield f"  {alert.title} ({money(alert)})"
        if message.kind != "resolved":
            yield f"    {alert.summary}"
            yield from _contributors(alert)
        yield f"    {public_url}{alert.link}"
    left_out = len(message.alerts) - ALERTS_SHOWN
    if left_out > 0:
        yield f"  … and {left_out} more"


def _contributors(alert: Alert) -> Iterator[str]:
    for each in alert.contributors[:CONTRIBUTORS_SHOWN]:
        amount = "" if each.amount is None else f" {shown(each.amount, alert.currency)}"
        note = f" ({each.note})" if each.note else ""
        yield f"    - {each.label}{amount}{note}"
    left_out = len(alert.contributors) - CONTRIBUTORS_SHOWN
    if left_out > 0:
        yield f"    … and {left_out} more"


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def _build(settings: ChannelSettings) -> ConsoleChannel:
    return ConsoleChannel(settings.name, settings.stream, settings.public_url)


CONSOLE = ChannelType("console", "Readable lines on the daemon's own output.", (), _build)
