"""The alert path's memory in the ledger: states, what was told to whom, and the outbox."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, or_, select, tuple_, update

from alerts.alert import AlertState
from alerts.ports import Decision, Delivery, Message, Sent
from attributor.ledger.alert_json import alerts_from_json
from attributor.ledger.alert_reasons import keep_reasons
from attributor.ledger.alert_rows import delivery_of, message_row, state_of, state_row
from attributor.ledger.engine import alone, reading, writing
from attributor.ledger.lease import Lease, hold
from attributor.ledger.tables import alerts, notifications, outbox
from attributor.ledger.upsert import insert_new, upsert

_RESOLVED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class LedgerAlertLog:
    """`alerts.ports.AlertLog` on SQLite and PostgreSQL; any number of processes may send from it at once.

    With a `lease` only its holder passes.
    """

    engine: Engine
    lease: Lease | None = None
    held: Connection | None = field(default=None, repr=False)

    @contextmanager
    def exclusively(self) -> Iterator["LedgerAlertLog"]:
        """Give a log whose every step is of one transaction, during which nobody else passes or handles an alert.

        Raises LeaseLostError where another took over the lease, if there is one.
        """
        with writing(self.engine) as connection:
            if self.lease is not None:
                hold(connection, self.lease)
            alone(connection)
            yield replace(self, held=connection)

    def states(self) -> Mapping[str, AlertState]:
        """Return every alert that is not resolved, and those resolved in the last 30 days, by key.

        The days count back from the newest thing seen, so that the log needs no clock.
        """
        with self._reading() as connection:
            newest = connection.scalar(select(func.max(alerts.c.last_seen)))
            if newest is None:
                return {}
            recent = or_(alerts.c.status != "resolved", alerts.c.resolved_at > newest - _RESOLVED_FOR)
            return {row.key: state_of(row) for row in connection.execute(select(alerts).where(recent))}

    def last_sent(self) -> Mapping[tuple[str, str], Sent]:
        """Return what was last enqueued, by (group, channel)."""
        with self._reading() as connection:
            rows = connection.execute(select(notifications))
            return {
                (row.group_key, row.channel): Sent(row.fingerprint, row.sent_at, row.incident or "") for row in rows
            }

    def record(
        self, states: Sequence[AlertState], messages: Sequence[Message], log: Mapping[tuple[str, str], Sent]
    ) -> None:
        """Store new states, enqueue messages and note what was told, all in one transaction."""
        told = [
            {
                "group_key": group,
                "channel": channel,
                "fingerprint": sent.fingerprint,
                "sent_at": sent.at,
                "incident": sent.incident,
            }
            for (group, channel), sent in log.items()
        ]
        with self._writing() as connection:
            upsert(connection, alerts, [state_row(state) for state in states])
            insert_new(connection, outbox, [message_row(message) for message in messages])
            upsert(connection, notifications, told)

    def explain(self, decisions: Sequence[Decision], now: datetime) -> None:
        """Keep these decisions as the reasons that hold now, each with since when it does."""
        with self._writing() as connection:
            keep_reasons(connection, decisions, now)

    def due(self, now: datetime, limit: int = 100) -> Sequence[Delivery]:
        """Return pending deliveries whose time has come, the oldest first."""
        waiting = select(outbox).where(outbox.c.state == "pending", outbox.c.due_at <= now)
        return self._deliveries(waiting.order_by(outbox.c.created_at, outbox.c.id).limit(limit))

    def claim(self, message_id: str, now: datetime, until: datetime) -> bool:
        """Take a pending, due delivery for this sender until then; False where another sender was faster.

        It is False, too, while an earlier message of the same group is on its way: the other sender may have that one.
        """
        earlier = outbox.alias("earlier")
        same = (earlier.c.group_key == outbox.c.group_key) & (earlier.c.channel == outbox.c.channel)
        before = tuple_(earlier.c.created_at, earlier.c.id) < tuple_(outbox.c.created_at, outbox.c.id)
        overtakes = select(earlier.c.id).where(same, before, earlier.c.state == "pending").exists()
        free = (outbox.c.id == message_id) & (outbox.c.state == "pending") & (outbox.c.due_at <= now) & ~overtakes
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
        with self._reading() as connection:
            return tuple(delivery_of(row) for row in connection.execute(query))

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self.engine) if self.held is None else nullcontext(self.held)

    def _writing(self) -> AbstractContextManager[Connection]:
        return writing(self.engine) if self.held is None else nullcontext(self.held)

    def _change(self, condition: ColumnElement[bool], **values: Any) -> int:
        with self._writing() as connection:
            return connection.execute(update(outbox).where(condition).values(values)).rowcount


def keys_told(engine: Engine, message_id: str) -> tuple[str, ...]:
    """Return the keys of the alerts that a message told of; none where there is no such message."""
    with reading(engine) as connection:
        body = connection.scalar(select(outbox.c.body).where(outbox.c.id == message_id))
    return () if body is None else tuple(alert.key for alert in alerts_from_json(body))


def _pending(message_id: str) -> ColumnElement[bool]:
    return (outbox.c.id == message_id) & (outbox.c.state == "pending")
