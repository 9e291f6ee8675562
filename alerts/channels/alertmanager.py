"""Prometheus Alertmanager by its API v2 (POST /api/v2/alerts, openapi.yaml of prometheus/alertmanager).

An alert there is its labels: they hold no amount and no time. It ends by itself at `endsAt` unless it is sent again.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, get_args

from alerts.alert import Alert, Severity
from alerts.channels.base import Accepted, Answer, ChannelOption, ChannelSettings, ChannelType
from alerts.channels.posting import Address, post
from alerts.channels.wording import money
from alerts.ports import Message

_PATH = "/api/v2/alerts"
_TEST_LASTS = timedelta(minutes=5)
_LASTS = timedelta(days=3)


@dataclass(frozen=True)
class AlertmanagerChannel:
    """Posts every alert of a message; routing, grouping and silences are Alertmanager's then."""

    name: str
    address: Address
    public_url: str
    clock: Callable[[], datetime]
    lasts: timedelta = _LASTS
    labels: Mapping[str, str] = field(default_factory=dict)
    authorization: str = field(default="", repr=False)

    def send(self, message: Message) -> Answer:
        """Post the alerts that fire or resolved; Alertmanager knows nothing of the rest."""
        if message.kind in {"acknowledged", "digest"}:
            return Accepted()
        now = self.clock()
        body = json.dumps(list(self._posted(message, now)), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        return post(self.address, body, headers, now)

    def _posted(self, message: Message, now: datetime) -> Iterator[dict[str, Any]]:
        lasts = _TEST_LASTS if message.kind == "test" else self.lasts
        for alert in message.alerts:
            for severity in get_args(Severity):
                fires = message.kind != "resolved" and severity == alert.severity
                # The severity is a label, so that one alert of another severity is another alert: it is ended.
                ends = now + lasts if fires else now
                if fires or message.kind != "test":
                    yield self._alert(alert, severity, ends)

    def _alert(self, alert: Alert, severity: str, ends: datetime) -> dict[str, Any]:
        labels = {
            **self.labels,
            "alertname": "".join(word.capitalize() for word in alert.kind.split("_")),
            "kind": alert.kind,
            "team": alert.team,
            "severity": severity,
            "key": alert.key,
        }
        return {
            "labels": {name: value for name, value in labels.items() if value},
            "annotations": {"summary": alert.title, "description": alert.summary, "amount": money(alert)},
            "startsAt": min(alert.started_at, ends).isoformat(),
            "endsAt": ends.isoformat(),
            "generatorURL": f"{self.public_url}{alert.link}" if self.public_url else "",
        }


def _build(settings: ChannelSettings) -> AlertmanagerChannel:
    url = settings.text("url").rstrip("/")
    address = Address(url if url.endswith(_PATH) else f"{url}{_PATH}")
    user = settings.text("username")
    secret = base64.b64encode(f"{user}:{settings.text('password')}".encode()).decode()
    labels = settings.mapping("labels")
    return AlertmanagerChannel(
        settings.name,
        address,
        settings.public_url.rstrip("/"),
        settings.clock,
        labels=labels,
        authorization=f"Basic {secret}" if user else "",
    )


ALERTMANAGER = ChannelType(
    "alertmanager",
    "Prometheus Alertmanager, by its API v2.",
    (
        ChannelOption("url", "Its address.", "http://alertmanager:9093", kind="url", required=True),
        ChannelOption("labels", "Further labels of every alert.", "{cluster: costs}", kind="map"),
        ChannelOption("username", "For basic authentication.", "attributor"),
        ChannelOption("password", "For basic authentication.", "${ALERTMANAGER_PASSWORD}", kind="secret"),
    ),
    _build,
)
