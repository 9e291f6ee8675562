"""Slack by a bot: one message an incident that is kept up to date, its course in a thread, buttons, and the chart.

Slack has no key that makes a post happen once: what was posted is kept at once, and a repeated message goes on from it.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alerts.alert import Alert
from alerts.channels.base import Accepted, Answer, ChannelOption, ChannelSettings, ChannelType, Refused
from alerts.channels.mrkdwn import escaped
from alerts.channels.slack import payload
from alerts.channels.slack_api import API, Said, SlackApi
from alerts.channels.slack_blocks import Pages, fallback
from alerts.channels.wording import headline
from alerts.ports import ChannelMemory, Message

logger = logging.getLogger(__name__)
_BLOCKS_REFUSED = "invalid_blocks"
_ROOT_GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found")
_STATUS = "status"
_STATUS_LIMIT = 2000


@dataclass(frozen=True)
class Root:
    """The message of an incident: where it is, what it shows, and the last of our messages that it was told."""

    channel: str
    ts: str
    told: str
    text: str
    blocks: list[dict[str, Any]]


@dataclass(frozen=True)
class SlackBotChannel:
    """Posts to one conversation, or to each team's own."""

    name: str
    api: SlackApi
    pages: Pages
    channel: str
    team_channels: Mapping[str, str]
    memory: ChannelMemory
    chart_png: Callable[[Alert], bytes | None]
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)

    def send(self, message: Message) -> Answer:
        """Begin the incident's thread, or bring its message up to date and go on with the thread."""
        root = self._root(message)
        if root is None:
            return self._begin(message)
        return Accepted() if root.told == message.id else self._go_on(message, root)

    def _root(self, message: Message) -> Root | None:
        kept = self.memory.recall(message.incident) if message.incident else None
        return None if kept is None else Root(**json.loads(kept))

    def _begin(self, message: Message) -> Answer:
        shown = payload(message, self.pages)
        place = self.team_channels.get(message.team, self.channel)
        said = self._post({"channel": place, "unfurl_links": False, **shown})
        if not isinstance(said, Said):
            return said
        root = Root(said.document["channel"], said.document["ts"], message.id, **shown)
        if message.kind == "firing":
            self._keep(message, root)
            self._draw(message, root)
        return Accepted()

    def _go_on(self, message: Message, root: Root) -> Answer:
        shown = self._shown(message, root)
        said = self._post({"channel": root.channel, "ts": root.ts, **shown}, "chat.update")
        if isinstance(said, Refused) and said.error.endswith(_ROOT_GONE):
            return self._begin(message)
        if not isinstance(said, Said):
            return said
        news = {"channel": root.channel, "thread_ts": root.ts, "text": _news(message)}
        said = self.api.call("chat.postMessage", {**news, "reply_broadcast": message.kind == "firing"})
        if not isinstance(said, Said):
            return said
        self._keep(message, Root(root.channel, root.ts, message.id, **shown))
        return Accepted()

    def _shown(self, message: Message, root: Root) -> dict[str, Any]:
        """Return what the incident's message shows now: all anew, or what it showed with a line about the news."""
        if message.kind == "firing" or (message.kind == "resolved" and message.open == 0):
            return payload(message, self.pages)
        line = {"type": "mrkdwn", "text": escaped(message.note or headline(message), _STATUS_LIMIT)}
        status = {"type": "context", "block_id": _STATUS, "elements": [line]}
        kept = [block for block in root.blocks if block.get("block_id") != _STATUS]
        return {"text": root.text, "blocks": [*kept, status]}

    def _post(self, arguments: dict[str, Any], method: str = "chat.postMessage") -> Said | Answer:
        """Post the blocks; where Slack refuses them (it could not load a picture, say), the text alone."""
        said = self.api.call(method, arguments)
        if isinstance(said, Refused) and said.error.endswith(_BLOCKS_REFUSED):
            said = self.api.call(method, {**arguments, "blocks": []})
        return said

    def _draw(self, message: Message, root: Root) -> None:
        """Put the chart of the worst alert into the thread; a message without its chart is better than none."""
        picture = self.chart_png(message.alerts[0])
        if picture is None:
            return
        place = {"channel_id": root.channel, "thread_ts": root.ts}
        said = self.api.upload(picture, "chart.png", place)
        if not isinstance(said, Said | Accepted):
            logger.warning("channel %s: the chart was not taken: %s", self.name, said.error)

    def _keep(self, message: Message, root: Root) -> None:
        kept = {"channel": root.channel, "ts": root.ts, "told": root.told, "text": root.text, "blocks": root.blocks}
        self.memory.keep(message.incident, json.dumps(kept, ensure_ascii=False), self.api.clock())


def _news(message: Message) -> str:
    note = f"\n{escaped(message.note, _STATUS_LIMIT)}" if message.note else ""
    return f"{fallback(message)}{note}"


def _build(settings: ChannelSettings) -> SlackBotChannel:
    token = settings.text("bot_token")
    if not token.isascii() or not token.isprintable() or not token:
        raise ValueError("bot_token is not a token; Slack shows it as xoxb-…")
    answers = bool(settings.text("signing_secret") or settings.text("app_token"))
    return SlackBotChannel(
        name=settings.name,
        api=SlackApi(settings.text("url", API).rstrip("/"), token, settings.clock),
        pages=Pages(settings.public_url, buttons=answers),
        channel=settings.text("channel"),
        team_channels=settings.mapping("team_channels"),
        memory=settings.memory,
        chart_png=settings.chart_png,
        signing_secret=settings.text("signing_secret"),
        app_token=settings.text("app_token"),
    )


SLACK_BOT = ChannelType(
    "slack-bot",
    "Slack by a bot: a thread an incident, updates in place, buttons, charts.",
    (
        ChannelOption("bot_token", "The bot's token.", "${SLACK_BOT_TOKEN}", kind="secret", required=True),
        ChannelOption("channel", "The conversation to post to.", "#costs", required=True),
        ChannelOption("team_channels", "Conversations of teams.", "{search: '#search-costs'}", kind="map"),
        ChannelOption("signing_secret", "Verifies pressed buttons.", "${SLACK_SIGNING_SECRET}", kind="secret"),
        ChannelOption("app_token", "Takes pressed buttons by Socket Mode.", "${SLACK_APP_TOKEN}", kind="secret"),
        ChannelOption("url", "Where Slack's Web API is.", API, kind="url", default=API),
    ),
    _build,
    follows=True,
)
