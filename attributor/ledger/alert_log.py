"""The alert path's memory in the ledger: states, what was told to whom, and the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, func, or_, select, update

from alerts.alert import AlertState
from alerts.ports import Delivery, Message, Sent
from attributor.ledger.alert_json import alert_from_json, alert_to_json, alerts_from_json, alerts_to_json
from attributor.ledger.engine import reading, writing
from attributor.ledger.tables import alerts, notifications, outbox
from attributor.ledger.upsert import insert_new, upsert

_RESOLVED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class LedgerAlertLog:
    """`alerts.ports.AlertLog` on SQLite and PostgreSQL; any number of processes may send from it at once."""

    engine: Engine

    def states(self) -> Mapping[str, AlertState]:
        """Return every alert that is not resolved, and those resolved in the last 30 days, by key.

        The days count back from the newest thing seen, so that the log needs no clock.
        """
        with reading(self.engine) as connection:
            newest = connection.scalar(select(func.max(alerts.c.last_seen)))
            if newest is None:
                return {}
            recent = or_(alerts.c.status != "resolved", alerts.c.resolved_at > newest - _RESOLVED_FOR)
            return {row.key: _state(row) for row in connection.execute(select(alerts).where(recent))}

    def last_sent(self) -> Mapping[tuple[str, str], Sent]:
        """Return what was last enqueued, by (group, channel)."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(notifications))
            return {(row.group_key, row.channel): Sent(row.fingerprint, row.sent_at) for row in rows}

    def record(
        self, states: Sequence[AlertState], messages: Sequence[Message], log: Mapping[tuple[str, str], Sent]
    ) -> None:
        """Store new states, enqueue messages and note what was told, all in one transaction."""
        told = [
            {"group_key": group, "channel": channel, "fingerprint": sent.fingerprint, "sent_at": sent.at}
            for (group, channel), sent in log.items()
        ]
        with writing(self.engine) as connection:
            upsert(connection, alerts, [_state_row(state) for state in states])
            insert_new(connection, outbox, [_message_row(message) for message in messages])
            upsert(connection, notifications, told)

    def due(self, now: datetime, limit: int = 100) -> Sequence[Delivery]:
        """Return pending deliveries whose time has come, the oldest first."""
        waiting = select(outbox).where(outbox.c.state == "pending", outbox.c.due_at <= now)
        return self._deliveries(waiting.order_by(outbox.c.created_at, outbox.c.id).limit(limit))

    def claim(self, message_id: str, now: datetime, until: datetime) -> bool:
        """Take a pending, due delivery for this sender until then; False where another sender was faster."""
        free = (outbox.c.id == message_id) & (outbox.c.state == "pending") & (outbox.c.due_at <= now)
        return self._change(free, due_at=until) == 1

    def mark_sent(self, message_id: str, at: datetime) -> None:
        """Record that the channel accepted it."""
        tried = outbox.c.attempts + 1
        self._change(outbox.c.id == message_id, state="sent", sent_at=at, error=None, attempts=tried)

    def retry_at(self, message_id: str, at: datetime, error: str) -> None:
        """Put it back for then, with one more attempt and the error; one that was sent meanwhile stays sent."""
        self._change(_pending(message_id), due_at=at, error=error, attempts=outbox.c.attempts + 1)

    def mark_failed(self, message_id: str, error: str) -> None:
        """Give it up for good; it stays visible. One that was sent meanwhile stays sent."""
        self._change(_pending(message_id), state="failed", error=error, attempts=outbox.c.attempts + 1)

    def failures(self) -> Sequence[Delivery]:
        """Return failed deliveries and pending ones with at least one attempt, the newest first."""
        troubled = or_(outbox.c.state == "failed", (outbox.c.state == "pending") & (outbox.c.attempts > 0))
        return self._deliveries(select(outbox).where(troubled).order_by(outbox.c.created_at.desc(), outbox.c.id))

    def _deliveries(self, query: Any) -> tuple[Delivery, ...]:
        with reading(self.engine) as connection:
            return tuple(_delivery(row) for row in connection.execute(query))

    def _change(self, condition: ColumnElement[bool], **values: Any) -> int:
        with writing(self.engine) as connection:
            return connection.execute(update(outbox).where(condition).values(values)).rowcount


def _pending(message_id: str) -> ColumnElement[bool]:
    return (outbox.c.id == message_id) & (outbox.c.state == "pending")


def _state(row: Row[Any]) -> AlertState:
    return AlertState(
        alert_from_json(row.body), row.status, row.first_seen, row.last_seen, row.resolved_at, row.snoozed_until
    )


def _state_row(state: AlertState) -> dict[str, Any]:
    return {
        "key": state.alert.key,
        "kind": state.alert.kind,
        "team": state.alert.team,
        "severity": state.alert.severity,
        "status": state.status,
        "body": alert_to_json(state.alert),
        "first_seen": state.first_seen,
        "last_seen": state.last_seen,
        "resolved_at": state.resolved_at,
        "snoozed_until": state.snoozed_until,
    }


def _message_row(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "group_key": message.group,
        "channel": message.channel,
        "kind": message.kind,
        "team": message.team,
        "body": alerts_to_json(message.alerts),
        "created_at": message.created_at,
        "state": "pending",
        "attempts": 0,
        "due_at": message.created_at,
    }


def _delivery(row: Row[Any]) -> Delivery:
    alerts_told = alerts_from_json(row.body)
    message = Message(row.id, row.group_key, row.channel, row.kind, row.team, alerts_told, row.created_at)
    return Delivery(message, row.state, row.attempts, row.due_at, row.error)
