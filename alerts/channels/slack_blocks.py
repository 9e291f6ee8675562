"""One message as Slack blocks. Every limit of Block Kit is kept by construction, whatever the alert says.

Limits: header 150 characters, section text 3000, ten fields of 2000, 50 blocks, button text 75 and URL 3000, image
alt text 2000 and URL 3000 (https://docs.slack.dev/reference/block-kit/blocks).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from alerts.alert import Alert
from alerts.amounts import shown
from alerts.channels.base import no_chart
from alerts.channels.mrkdwn import cut, escaped, listed
from alerts.channels.wording import headline, money, parts_heading, team_of
from alerts.ports import Message

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block, ButtonElement, SectionBlock

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
URL_LIMIT = 3000
FIELDS_SHOWN = 10
ALT_LIMIT = 2000
ALERTS_SHOWN = 10
CONTRIBUTORS_SHOWN = 5
_LABEL_LIMIT = 120
_LINK_LIMIT = 500
_LINES_SHOWN = 20
_NOTHING = "–"
"""Slack refuses an empty text."""
_SUMMARY_LIMIT = 2000
BUTTONS = {"acknowledge": "Acknowledge", "snooze": "Snooze 1 d", "not_a_problem": "Not a problem"}
"""What can be done with what fires, by the action that a button reports."""
_SIGNS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}


@dataclass(frozen=True)
class Pages:
    """Where links and charts point: `public_url` is empty where people cannot reach the daemon's pages.

    With `buttons` what fires can be acknowledged, snoozed and called no problem.
    """

    public_url: str = ""
    chart_path: Callable[[Alert], str | None] = no_chart
    buttons: bool = False

    def of(self, path: str | None) -> str | None:
        """Return the full URL of a path, or None where there is none that Slack would take."""
        if not self.public_url or not path:
            return None
        url = f"{self.public_url.rstrip('/')}/{path.lstrip('/')}"
        return url if len(url) <= URL_LIMIT else None


def blocks(message: Message, pages: Pages) -> "list[Block]":
    """Return the blocks: header, one part for each of the worst alerts, a count of the rest, and a link."""
    made: list[Block] = [
        _kit().HeaderBlock(text=_kit().PlainTextObject(text=cut(_header(message), HEADER_LIMIT), emoji=True))
    ]
    if message.note:
        made.append(_section(f"*{escaped(message.note, _SUMMARY_LIMIT)}*"))
    if len(message.alerts) == 1:
        made += _in_full(message, pages)
    else:
        made += _in_short(message, pages)
    if elements := list(_elements(message, pages)):
        made.append(_kit().ActionsBlock(elements=elements))
    made.append(_kit().ContextBlock(elements=[_kit().MarkdownTextObject(text=_context(message))]))
    return made


def fallback(message: Message) -> str:
    """Return the message in one mrkdwn text, for notifications and for where Slack refuses the blocks."""
    titles = [
        f"{escaped(alert.title, _LABEL_LIMIT)}: {escaped(money(alert), _LABEL_LIMIT)}" for alert in message.alerts
    ]
    return f"{escaped(headline(message), HEADER_LIMIT)}\n{listed(titles, ALERTS_SHOWN, SECTION_LIMIT)}"


def _header(message: Message) -> str:
    sign = {"resolved": "✅", "acknowledged": "👀", "digest": "📊", "test": "🔔"}.get(message.kind) or _SIGNS[
        message.alerts[0].severity
    ]
    return f"{sign} {headline(message)}"


def _elements(message: Message, pages: Pages) -> "Iterator[ButtonElement]":
    if link := pages.of(message.alerts[0].link):
        yield _kit().LinkButtonElement(text="Open the page", url=link)
    if pages.buttons and message.kind == "firing":
        for action, text in BUTTONS.items():
            style = "primary" if action == "acknowledge" else None
            yield _kit().ButtonElement(text=text, action_id=action, value=message.id, style=style)


def _in_full(message: Message, pages: Pages) -> "Iterator[Block]":
    alert = message.alerts[0]
    if message.kind == "resolved":
        yield _section(f"~{escaped(alert.title, _LABEL_LIMIT)}~ is over. It was {escaped(money(alert), _LABEL_LIMIT)}.")
        return
    if message.kind == "acknowledged":
        yield _section(f"{escaped(alert.title, _LABEL_LIMIT)} · {escaped(money(alert), _LABEL_LIMIT)}")
        return
    yield _section(_lines(alert.summary or alert.title))
    if message.kind == "test":
        return
    yield _kit().SectionBlock(fields=[_kit().MarkdownTextObject(text=text) for text in _fields(alert)])
    if alert.contributors:
        parts = listed(_contributors(alert), CONTRIBUTORS_SHOWN, SECTION_LIMIT - 100)
        yield _section(f"*{parts_heading(alert)}*\n{parts}")
    if image := pages.of(pages.chart_path(alert)):
        yield _kit().ImageBlock(image_url=image, alt_text=cut(f"Chart: {alert.title}", ALT_LIMIT))


def _in_short(message: Message, pages: Pages) -> "Iterator[Block]":
    for alert in message.alerts[:ALERTS_SHOWN]:
        yield _kit().DividerBlock()
        yield _section(_short(alert, message, pages))
    left_out = len(message.alerts) - ALERTS_SHOWN
    if left_out > 0:
        worst = message.alerts[0]
        link = pages.of(f"/alerts?{urlencode({'team': worst.team, 'kind': worst.kind})}")
        more = f"… and {left_out} more"
        yield _section(_linked(more, link))


def _short(alert: Alert, message: Message, pages: Pages) -> str:
    title = escaped(alert.title, _LABEL_LIMIT)
    link = pages.of(alert.link)
    name = _linked(title, link)
    if message.kind == "resolved":
        return f"~{title}~ is over. It was {escaped(money(alert), _LABEL_LIMIT)}."
    amount = escaped(money(alert), _LABEL_LIMIT)
    return f"{_SIGNS[alert.severity]} *{name}* · {amount}\n{escaped(alert.summary, _SUMMARY_LIMIT)}"


def _lines(text: str) -> str:
    """Escape a text of several lines, which an alert's own words may be, within a section's limit."""
    return listed((escaped(line, SECTION_LIMIT // 2) for line in text.splitlines()), _LINES_SHOWN, SECTION_LIMIT)


def _fields(alert: Alert) -> Iterator[str]:
    if alert.kind == "digest" and alert.facts:
        yield from (f"*{escaped(name, _LABEL_LIMIT)}*\n{escaped(value, _LABEL_LIMIT)}" for name, value in _ten(alert))
        return
    yield f"*Team*\n{escaped(team_of(alert.team), FIELD_LIMIT - 20)}"
    yield f"*Severity*\n{alert.severity}"
    yield f"*Amount*\n{escaped(money(alert), FIELD_LIMIT - 20)}"
    yield f"*Since*\n{alert.started_at:%Y-%m-%d %H:%M} UTC"


def _ten(alert: Alert) -> list[tuple[str, str]]:
    return list(alert.facts.items())[:FIELDS_SHOWN]


def _contributors(alert: Alert) -> Iterator[str]:
    for each in alert.contributors:
        amount = "" if each.amount is None else f" · {escaped(shown(each.amount, alert.currency), _LABEL_LIMIT)}"
        note = f" · {escaped(each.note, _LABEL_LIMIT)}" if each.note else ""
        yield f"• {escaped(each.label, _LABEL_LIMIT)}{amount}{note}"


def _context(message: Message) -> str:
    told = f"{message.created_at:%Y-%m-%d %H:%M} UTC"
    if len(message.alerts) > 1:
        return f"{len(message.alerts)} alerts · {told}"
    return f"{escaped(message.alerts[0].key, FIELD_LIMIT)} · {told}"


def _section(text: str) -> "SectionBlock":
    section: SectionBlock = _kit().SectionBlock(text=_kit().MarkdownTextObject(text=text if text.strip() else _NOTHING))
    return section


def _linked(text: str, url: str | None) -> str:
    """Return escaped text as a link; as it is where the URL is missing or would take the room of the text."""
    safe = (url or "").replace("&", "&amp;").replace("|", "%7C").replace("<", "%3C").replace(">", "%3E")
    return f"<{safe}|{text}>" if 0 < len(safe) <= _LINK_LIMIT else text


def _kit() -> Any:
    """Return Slack's own models, which are loaded where a message is written, and not whenever a command starts."""
    return import_module("slack_sdk.models.blocks")
