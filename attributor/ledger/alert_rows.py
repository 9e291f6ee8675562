"""Alert states and messages as rows of the ledger and back."""

from typing import Any

from sqlalchemy import Row

from alerts.alert import AlertState, Handling
from alerts.ports import Delivery, Message
from attributor.ledger.alert_json import alert_from_json, alert_to_json, alerts_from_json, alerts_to_json


def state_of(row: Row[Any]) -> AlertState:
    """Read a row of `alerts`."""
    handled = None if row.handled_at is None else Handling(row.handled_by, row.handled_at, row.handled_note or "")
    return AlertState(
        alert=alert_from_json(row.body),
        status=row.status,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        resolved_at=row.resolved_at,
        snoozed_until=row.snoozed_until,
        handling=handled,
        woken_at=row.woken_at,
    )


def state_row(state: AlertState) -> dict[str, Any]:
    """Write a row of `alerts`."""
    handling = state.handling
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
        "handled_by": handling and handling.by,
        "handled_at": handling and handling.at,
        "handled_note": handling and handling.note,
        "woken_at": state.woken_at,
    }


def message_row(message: Message) -> dict[str, Any]:
    """Write a row of `outbox`, to be sent at once."""
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
        "incident": message.incident,
        "note": message.note,
        "open_alerts": message.open,
    }


def delivery_of(row: Row[Any]) -> Delivery:
    """Read a row of `outbox`."""
    message = Message(
        id=row.id,
        group=row.group_key,
        channel=row.channel,
        kind=row.kind,
        team=row.team,
        alerts=alerts_from_json(row.body),
        created_at=row.created_at,
        incident=row.incident or "",
        note=row.note or "",
        open=row.open_alerts or 0,
    )
    return Delivery(message, row.state, row.attempts, row.due_at, row.error)
