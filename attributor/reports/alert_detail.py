"""One alert in full: how it stands, who handled it, what was told of it, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from alerts.pipeline import STAGES
from alerts.stages.group import group_in
from attributor.ledger.alert_json import alerts_from_json
from attributor.ledger.alert_reasons import Reason, reasons_of
from attributor.ledger.alert_rows import state_of
from attributor.ledger.tables import alerts, outbox
from attributor.reports.document import document
from attributor.reports.open_alerts import OpenAlert, shown_alert

_MESSAGES_READ = 200
_ORDER = {stage.__name__: number for number, stage in enumerate(STAGES)}


@dataclass(frozen=True)
class ToldMessage:
    """A message that holds the alert: `state` is pending, sent or failed; `due_at` is the next try of a pending one."""

    id: str
    channel: str
    kind: str
    state: str
    note: str
    attempts: int
    error: str | None
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True)
class StageReason:
    """What a stage last decided about the alert, or about its group in a channel, why, and since when."""

    stage: str
    channel: str
    verdict: str
    reason: str
    since: datetime


@dataclass(frozen=True)
class AlertDetail:
    """An alert, open or resolved. `reasons` are in the order of the stages, `messages` the newest first."""

    alert: OpenAlert
    resolved_at: datetime | None
    snoozed_until: datetime | None
    handled_by: str
    handled_at: datetime | None
    note: str
    group: str
    reasons: tuple[StageReason, ...]
    messages: tuple[ToldMessage, ...]


@dataclass(frozen=True)
class WhyTold:
    """Why an alert was told or not; its status is `learned` where it was learned of before it could fire.

    `summary` is the alert in its own words, "" for one that never fired.
    """

    key: str
    status: str
    summary: str
    group: str
    reasons: tuple[StageReason, ...]
    messages: tuple[ToldMessage, ...]


def alert_detail(connection: Connection, key: str) -> AlertDetail | None:
    """Return the alert of a key, None where nothing was ever seen under it."""
    row = connection.execute(select(alerts).where(alerts.c.key == key)).one_or_none()
    if row is None:
        return None
    state = state_of(row)
    own = reasons_of(connection, [key])
    group = next((group_in(each.decision) for each in own if each.decision.stage == "group"), "")
    of_group = reasons_of(connection, [group]) if group else ()
    handling = state.handling
    return AlertDetail(
        alert=shown_alert(row._mapping),
        resolved_at=state.resolved_at,
        snoozed_until=state.snoozed_until,
        handled_by=handling.by if handling else "",
        handled_at=handling.at if handling else None,
        note=handling.note if handling else "",
        group=group,
        reasons=tuple(sorted(map(_reason, (*own, *of_group)), key=lambda each: (_ORDER[each.stage], each.channel))),
        messages=_messages(connection, group, key),
    )


def why_document(connection: Connection, key: str) -> dict[str, Any] | None:
    """Return, as JSON, why an alert was told or not; None where nothing was ever seen or decided under its key.

    What was learned before it could fire has reasons and the status `learned`.
    """
    found = alert_detail(connection, key)
    if found is not None:
        why = WhyTold(key, found.alert.status, found.alert.summary, found.group, found.reasons, found.messages)
    else:
        reasons = tuple(map(_reason, reasons_of(connection, [key])))
        if not reasons:
            return None
        why = WhyTold(key, "learned", "", "", reasons, ())
    told: dict[str, Any] = document(why)
    return told


def known_keys(connection: Connection) -> tuple[str, ...]:
    """Return the keys of all alerts that were ever seen, those that stand first."""
    query = select(alerts.c.key).order_by(alerts.c.status == "resolved", alerts.c.last_seen.desc(), alerts.c.key)
    return tuple(connection.scalars(query))


def _reason(found: Reason) -> StageReason:
    decision = found.decision
    return StageReason(decision.stage, decision.channel, decision.verdict, decision.reason, found.since)


def _messages(connection: Connection, group: str, key: str) -> tuple[ToldMessage, ...]:
    of_group = select(outbox).where(outbox.c.group_key == group)
    rows = connection.execute(of_group.order_by(outbox.c.created_at.desc(), outbox.c.id).limit(_MESSAGES_READ))
    return tuple(_message(row) for row in rows if any(alert.key == key for alert in alerts_from_json(row.body)))


def _message(row: Row[Any]) -> ToldMessage:
    return ToldMessage(
        id=row.id,
        channel=row.channel,
        kind=row.kind,
        state=row.state,
        note=row.note or "",
        attempts=row.attempts,
        error=row.error,
        created_at=row.created_at,
        due_at=row.due_at if row.state == "pending" else None,
        sent_at=row.sent_at,
    )
