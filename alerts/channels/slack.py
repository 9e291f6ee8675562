"""Slack by incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.channels.base import Answer, ChannelOption, ChannelSettings, ChannelType, Refused
from alerts.channels.posting import Address, post
from alerts.channels.slack_blocks import Pages, blocks, fallback
from alerts.ports import Message

_BLOCKS_REFUSED = "invalid_blocks"


@dataclass(frozen=True)
class SlackChannel:
    """Posts each message to the one channel that its webhook belongs to."""

    name: str
    address: Address
    pages: Pages
    clock: Callable[[], datetime]

    def send(self, message: Message) -> Answer:
        """Send the blocks; where Slack refuses them (it could not load the chart, say), send the plain text."""
        answer = self._post(payload(message, self.pages))
        if isinstance(answer, Refused) and _BLOCKS_REFUSED in answer.error:
            return self._post({"text": fallback(message)})
        return answer

    def _post(self, document: dict[str, Any]) -> Answer:
        body = json.dumps(document, ensure_ascii=False).encode()
        return post(self.address, body, {"Content-Type": "application/json; charset=utf-8"}, self.clock())


def payload(message: Message, pages: Pages) -> dict[str, Any]:
    """Return what is posted: the blocks, and one text for notifications and screen readers."""
    return {"text": fallback(message), "blocks": [block.to_dict() for block in blocks(message, pages)]}


def _build(settings: ChannelSettings) -> SlackChannel:
    pages = Pages(settings.public_url, settings.chart_path)
    return SlackChannel(settings.name, Address(settings.text("webhook_url")), pages, settings.clock)


SLACK = ChannelType(
    "slack",
    "A Slack channel, by incoming webhook.",
    (
        ChannelOption(
            "webhook_url",
            "The address that Slack shows when an incoming webhook is added to a channel.",
            "${SLACK_WEBHOOK_URL}",
            kind="url",
            required=True,
        ),
    ),
    _build,
)
