"""Teams, email, Discord, Opsgenie and a hundred more by Apprise, an optional library (`attributor[apprise]`)."""

import logging
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from alerts.channels.base import Accepted, Answer, ChannelOption, ChannelSettings, ChannelType, Postponed
from alerts.channels.mrkdwn import cut
from alerts.channels.wording import headline, in_lines
from alerts.ports import Message

BODY_LIMIT = 8000
_TITLE_LIMIT = 200
_ERROR_LIMIT = 200
_SECRET = re.compile(r"[^/:@?&=]{5,}")
Tone = Literal["info", "success", "warning", "failure"]
_TONES: dict[str, Tone] = {"info": "info", "warning": "warning", "critical": "failure"}


@dataclass(frozen=True)
class AppriseChannel:
    """Sends each message as text to one Apprise address, which is a secret."""

    name: str
    library: Any = field(repr=False)
    url: str = field(repr=False)
    public_url: str = ""

    def send(self, message: Message) -> Answer:
        """Send the text. Apprise does not tell whether trying again can help, so it is tried."""
        service = self.library.Apprise()
        service.add(self.url)
        body = "\n".join(in_lines(message, self.public_url))
        body = body if len(body) <= BODY_LIMIT else body[: BODY_LIMIT - 2] + "\n…"
        tone = _TONES[message.alerts[0].severity] if message.kind == "firing" else "success"
        with self.library.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
            taken = service.notify(
                title=cut(headline(message), _TITLE_LIMIT), body=body, notify_type=tone, body_format="text"
            )
            error = self._shown(said.getvalue())
        return Accepted() if taken else Postponed(error or "the service did not take the message")

    def _shown(self, error: str) -> str:
        for secret in sorted(_SECRET.findall(self.url.split("://", 1)[-1]), key=len, reverse=True):
            error = error.replace(secret, "…")
        return " ".join(error.split())[:_ERROR_LIMIT]


def _build(settings: ChannelSettings) -> AppriseChannel:
    try:
        import apprise  # noqa: PLC0415 - an optional library of a hundred services
    except ImportError:
        raise ValueError("Apprise is not installed; install attributor[apprise]") from None
    for name in ("apprise", "urllib3"):  # they would write whole addresses to their logs, which are secrets
        logging.getLogger(name).setLevel(logging.WARNING)
    url = settings.text("url")
    if not apprise.Apprise().add(url):
        raise ValueError("url is no address that Apprise knows; see its list of services")
    return AppriseChannel(settings.name, apprise, url, settings.public_url)


APPRISE = ChannelType(
    "apprise",
    "Teams, email, Discord, Opsgenie and others, by Apprise.",
    (ChannelOption("url", "The Apprise address of the service.", "${APPRISE_URL}", kind="secret", required=True),),
    _build,
)
