"""The generic webhook: the message as documented JSON, signed where a secret is configured."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.alert import Alert
from alerts.amounts import plain
from alerts.channels.base import Answer, ChannelOption, ChannelSettings, ChannelType
from alerts.channels.posting import Address, post
from alerts.ports import Message

VERSION = "1"
SIGNATURE_HEADER = "X-Attributor-Signature"
TIMESTAMP_HEADER = "X-Attributor-Timestamp"
MESSAGE_HEADER = "X-Attributor-Message"


@dataclass(frozen=True)
class WebhookChannel:
    """Posts each message as JSON to one address."""

    name: str
    address: Address
    clock: Callable[[], datetime]
    public_url: str = ""
    secret: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def send(self, message: Message) -> Answer:
        """POST the document; its `id` is the same whenever a message is repeated after a lost answer."""
        now = self.clock()
        body = json.dumps(document(message, self.public_url), ensure_ascii=False).encode()
        headers = {**self.headers, "Content-Type": "application/json", MESSAGE_HEADER: message.id}
        if self.secret:
            timestamp = str(int(now.timestamp()))
            headers |= {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: sign(self.secret, timestamp, body)}
        return post(self.address, body, headers, now)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return "sha256=" and the hex HMAC-SHA256 of timestamp, a full stop and the raw body under the secret."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def document(message: Message, public_url: str) -> dict[str, Any]:
    """Return the message as the JSON document of docs/alerts.md; amounts are decimal strings, times ISO 8601 UTC."""
    return {
        "version": VERSION,
        "id": message.id,
        "status": message.kind,
        "group": message.group,
        "team": message.team,
        "channel": message.channel,
        "created_at": message.created_at.isoformat(),
        "incident": message.incident,
        "note": message.note,
        "open": message.open,
        "alerts": [_alert(alert, public_url) for alert in message.alerts],
    }


def _alert(alert: Alert, public_url: str) -> dict[str, Any]:
    return {
        "key": alert.key,
        "kind": alert.kind,
        "team": alert.team,
        "severity": alert.severity,
        "title": alert.title,
        "summary": alert.summary,
        "started_at": alert.started_at.isoformat(),
        "currency": alert.currency,
        "amount": None if alert.amount is None else plain(alert.amount),
        "threshold": None if alert.threshold is None else plain(alert.threshold),
        "contributors": [
            {"label": each.label, "amount": None if each.amount is None else plain(each.amount), "note": each.note}
            for each in alert.contributors
        ],
        "chart": [{"label": each.label, "value": plain(each.value), "marked": each.marked} for each in alert.chart],
        "link": f"{public_url}{alert.link}",
        "facts": dict(alert.facts),
    }


def _build(settings: ChannelSettings) -> WebhookChannel:
    address = Address(settings.text("url"))
    headers = settings.mapping("headers")
    for name, value in headers.items():
        if not name.isascii() or not value.isascii() or not name.isprintable() or not value.isprintable():
            raise ValueError(f"headers: {name!r} or its value is not printable ASCII")
    return WebhookChannel(settings.name, address, settings.clock, settings.public_url, settings.text("secret"), headers)


WEBHOOK = ChannelType(
    "webhook",
    "A POST of JSON to any HTTP server.",
    (
        ChannelOption("url", "Where to POST.", "https://ops.example.com/hooks/costs", kind="url", required=True),
        ChannelOption("secret", "Signs each body with HMAC-SHA256.", "${WEBHOOK_SECRET}", kind="secret"),
        ChannelOption("headers", "Further headers.", "{Authorization: Bearer ${TOKEN}}", kind="map"),
    ),
    _build,
    follows=True,
)
