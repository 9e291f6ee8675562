"""What an alert is: a finding about one thing, with a stable key, an amount, a reason and a place to read on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

Severity = Literal["info", "warning", "critical"]
Kind = Literal[
    "idle_gpu",
    "low_gpu",
    "saturated_gpu",
    "spend_anomaly",
    "unit_cost",
    "spend_drop",
    "policy",
    "runaway",
    "budget",
    "freshness",
    "restatement",
    "unattributed",
    "unpriced",
    "digest",
    "test",
]
Status = Literal["firing", "acknowledged", "snoozed", "resolved"]


@dataclass(frozen=True)
class Contributor:
    """One of the things that make up the amount, the largest first."""

    label: str
    amount: Decimal | None
    note: str = ""


@dataclass(frozen=True)
class ChartPoint:
    """One point of the series an alert shows; `label` is an ISO date or hour."""

    label: str
    value: Decimal
    marked: bool = False


@dataclass(frozen=True)
class Alert:
    """A finding. `key` names what it is about and never contains amounts or the time of detection.

    `amount` and `threshold` are in `currency`; None where nothing is known of the money, and the summary says why.
    `link` is a path on the daemon's own pages ("/teams/search?month=2026-11"). `started_at` is aware UTC.
    `level` orders an alert's own course within a severity: a rise is told again, like a higher severity.
    `team` is empty where the alert is about no team (a source that went silent).
    """

    key: str
    kind: Kind
    team: str
    severity: Severity
    title: str
    summary: str
    started_at: datetime
    currency: str = ""
    amount: Decimal | None = None
    threshold: Decimal | None = None
    contributors: tuple[Contributor, ...] = ()
    chart: tuple[ChartPoint, ...] = ()
    link: str = "/"
    facts: Mapping[str, str] = field(default_factory=dict)
    level: int = 0


@dataclass(frozen=True)
class Handling:
    """Who acknowledged or snoozed an alert, when, and what they said of it."""

    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True)
class AlertState:
    """An alert and where it stands. `resolved_at` is set only while resolved; `snoozed_until` only while snoozed.

    `handling` is what somebody last did with it. `woken_at` is when its last snooze ended by itself.
    """

    alert: Alert
    status: Status
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None = None
    snoozed_until: datetime | None = None
    handling: Handling | None = None
    woken_at: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """Since when a firing alert waits for somebody to acknowledge it."""
        return self.woken_at or self.first_seen


@dataclass(frozen=True)
class Findings:
    """What one detector saw at one `now`.

    `alerts` are all that fire now. A firing alert of this `kind` that is absent resolves, unless its key is one of
    `undecided` or begins with one of them and a colon: there the data was not enough to say. `notes` are written down
    and are no alarm: they fire nothing and are never told.
    """

    kind: Kind
    alerts: tuple[Alert, ...]
    undecided: tuple[str, ...] = ()
    notes: tuple[Alert, ...] = ()
