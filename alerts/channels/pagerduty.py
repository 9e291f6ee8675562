"""PagerDuty by Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/trigger-events).

One incident a group: its first message triggers it under the incident's own key, its last one resolves it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from alerts.channels.base import Accepted, Answer, ChannelOption, ChannelSettings, ChannelType, Postponed, Refused
from alerts.channels.mrkdwn import cut
from alerts.channels.posting import Address, post
from alerts.channels.wording import headline, money
from alerts.ports import Message

EVENTS = "https://events.pagerduty.com/v2/enqueue"
SUMMARY_LIMIT = 1024
ALERTS_SHOWN = 50
_TEXT_LIMIT = 1000
Action = Literal["trigger", "acknowledge", "resolve"]


@dataclass(frozen=True)
class PagerDutyChannel:
    """Sends each message as an event of one integration."""

    name: str
    address: Address
    routing_key: str = field(repr=False)
    public_url: str
    clock: Callable[[], datetime]

    def send(self, message: Message) -> Answer:
        """Send the event that the message comes to; what changes nothing for the incident needs none."""
        answer: Answer = Accepted()
        for action in _actions(message):
            answer = self._post(event(message, action, self.routing_key, self.public_url))
            if not isinstance(answer, Accepted):
                return answer
        return answer

    def _post(self, document: dict[str, Any]) -> Answer:
        body = json.dumps(document, ensure_ascii=False).encode()
        answer = post(self.address, body, {"Content-Type": "application/json"}, self.clock())
        if isinstance(answer, Postponed | Refused):
            return replace(answer, error=answer.error.replace(self.routing_key, "…"))
        return answer


def _actions(message: Message) -> tuple[Action, ...]:
    """Return the events of a message. Part of a group that resolved or was taken up leaves the incident as it is."""
    if message.kind == "firing":
        return ("trigger",)
    if message.kind == "test":
        return ("trigger", "resolve")
    if message.kind == "digest":
        return ()
    if message.kind == "acknowledged":
        return ("acknowledge",) if len(message.alerts) >= message.open else ()
    return ("resolve",) if message.open == 0 else ()


def event(message: Message, action: Action, routing_key: str, public_url: str) -> dict[str, Any]:
    """Return the event; the same incident has the same key in all of them."""
    made: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": message.incident or message.id,
    }
    if action != "trigger":
        return made
    worst = message.alerts[0]
    made |= {
        "client": "Attributor",
        "payload": {
            "summary": cut(headline(message), SUMMARY_LIMIT),
            "source": public_url or "attributor",
            "severity": worst.severity,
            "timestamp": worst.started_at.isoformat(),
            "component": worst.team or "all teams",
            "group": message.group,
            "class": worst.kind,
            "custom_details": _details(message),
        },
    }
    if public_url:
        links = dict.fromkeys(alert.link for alert in message.alerts[:ALERTS_SHOWN])
        made["client_url"] = public_url
        made["links"] = [{"href": f"{public_url}{link}", "text": "Open the page"} for link in links]
    return made


def _details(message: Message) -> dict[str, Any]:
    details: dict[str, Any] = {
        "alerts": [
            {"key": cut(alert.key, _TEXT_LIMIT), "title": cut(alert.title, _TEXT_LIMIT), "amount": money(alert)}
            | {"summary": cut(alert.summary, _TEXT_LIMIT)}
            for alert in message.alerts[:ALERTS_SHOWN]
        ],
        "more": max(len(message.alerts) - ALERTS_SHOWN, 0),
    }
    return details | ({"note": message.note} if message.note else {})


def _build(settings: ChannelSettings) -> PagerDutyChannel:
    key = settings.text("routing_key")
    if not key.isascii() or not key.isalnum():
        raise ValueError("routing_key is not the key of an Events API v2 integration: letters and digits")
    url = Address(settings.text("url", EVENTS))
    return PagerDutyChannel(settings.name, url, key, settings.public_url.rstrip("/"), settings.clock)


PAGERDUTY = ChannelType(
    "pagerduty",
    "PagerDuty, by Events API v2.",
    (
        ChannelOption(
            "routing_key",
            "The integration key of an Events API v2 integration.",
            "${PAGERDUTY_KEY}",
            kind="secret",
            required=True,
        ),
        ChannelOption(
            "url",
            "Where events go; the EU has its own.",
            "https://events.eu.pagerduty.com/v2/enqueue",
            kind="url",
            default=EVENTS,
        ),
    ),
    _build,
    follows=True,
)
