"""The console channel: readable lines on the program's own stream."""

from dataclasses import dataclass
from typing import TextIO

from alerts.channels.base import Accepted, Answer, ChannelSettings, ChannelType
from alerts.channels.wording import headline, in_lines
from alerts.ports import Message


@dataclass(frozen=True)
class ConsoleChannel:
    """Writes each message as a headline and indented lines."""

    name: str
    stream: TextIO
    public_url: str

    def send(self, message: Message) -> Answer:
        """Write the message; control characters in names are shown, not obeyed."""
        opening = f"[{message.created_at:%Y-%m-%d %H:%M} UTC] {headline(message)}"
        lines = (opening, *(f"  {line}" for line in in_lines(message, self.public_url)))
        self.stream.write("".join(f"{_printable(line)}\n" for line in lines))
        self.stream.flush()
        return Accepted()


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def _build(settings: ChannelSettings) -> ConsoleChannel:
    return ConsoleChannel(settings.name, settings.stream, settings.public_url)


CONSOLE = ChannelType("console", "Readable lines on the daemon's own output.", (), _build)
