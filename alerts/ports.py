"""The state that the alert path needs; the program implements it, on SQLite and PostgreSQL alike."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from alerts.alert import Alert, AlertState

MessageKind = Literal["firing", "acknowledged", "resolved", "digest", "test"]


@dataclass(frozen=True)
class Message:
    """One message to one channel about one group of alerts. `id` is unique and made from its content.

    `incident` is the same for all messages of a group from its first alert until none is left. `note` is what happened
    to the group beside its alerts (it was escalated, who acknowledged it). `open` counts the alerts that the channel
    believes to go on after this message.
    """

    id: str
    group: str
    channel: str
    kind: MessageKind
    team: str
    alerts: tuple[Alert, ...]
    created_at: datetime
    incident: str = ""
    note: str = ""
    open: int = 0


@dataclass(frozen=True)
class Delivery:
    """A message in the outbox and how its sending stands; `due_at` is when it may next be tried."""

    message: Message
    state: Literal["pending", "sent", "failed"]
    attempts: int
    due_at: datetime
    error: str | None = None


@dataclass(frozen=True)
class Sent:
    """What a channel was last told about a group, and when.

    `fingerprint` names every alert that the channel believes to fire, as `alerts.told` writes it; it grows with the
    group (store it as unbounded text). `incident` names the course of the group that goes on now.
    """

    fingerprint: str
    at: datetime
    incident: str = ""


StageName = Literal["learn", "follow", "route", "escalate", "group", "silence", "deduplicate"]
Verdict = Literal["fires", "resolves", "waits", "passes", "muted", "dropped", "told", "unchanged", "escalated"]


@dataclass(frozen=True)
class Decision:
    """What one stage decided about an alert (`subject` is its key) or a group (its name), and why."""

    stage: StageName
    subject: str
    verdict: Verdict
    reason: str
    channel: str = ""


class ChannelMemory(Protocol):
    """What one channel remembers between messages, as where it put an incident."""

    def recall(self, name: str) -> str | None:
        """Return what was kept under a name, None where nothing was."""

    def keep(self, name: str, value: str, now: datetime) -> None:
        """Keep it, in the place of what was there."""


class AlertLog(Protocol):
    """Alert states, the notification log and the outbox. All times are aware UTC."""

    def states(self) -> Mapping[str, AlertState]:
        """Return every alert that is not resolved, and those resolved in the last 30 days, by key."""

    def last_sent(self) -> Mapping[tuple[str, str], Sent]:
        """Return what was last enqueued, by (group, channel)."""

    def record(
        self, states: Sequence[AlertState], messages: Sequence[Message], log: Mapping[tuple[str, str], Sent]
    ) -> None:
        """Store new states, enqueue messages and note what was told, all in one transaction.

        A message whose id is already in the outbox is not enqueued again.
        """

    def explain(self, decisions: Sequence[Decision], now: datetime) -> None:
        """Keep these decisions as the reasons that hold now, each with since when it does."""

    def exclusively(self) -> AbstractContextManager["AlertLog"]:
        """Give a log on which everything up to the end is one step: nobody else reads or changes states meanwhile."""

    def due(self, now: datetime, limit: int = 100) -> Sequence[Delivery]:
        """Return pending deliveries whose time has come, the oldest first."""

    def claim(self, message_id: str, now: datetime, until: datetime) -> bool:
        """Take a pending, due delivery for this sender until then; False where another sender was faster.

        No message is taken while an earlier one of its group and channel is pending.
        """

    def mark_sent(self, message_id: str, at: datetime) -> None:
        """Record that the channel accepted it."""

    def retry_at(self, message_id: str, at: datetime, error: str) -> None:
        """Put it back for then, with one more attempt and the error."""

    def mark_failed(self, message_id: str, error: str) -> None:
        """Give it up for good; it stays visible."""

    def failures(self) -> Sequence[Delivery]:
        """Return failed deliveries and pending ones with at least one attempt, the newest first."""
