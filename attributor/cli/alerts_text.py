"""An alert and its reasons, as tables and as CSV."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attributor.cli.output import write_csv, write_table
from attributor.money import shown
from attributor.reports.alert_detail import AlertDetail
from attributor.reports.document import document

_REASONS = ("stage", "channel", "verdict", "reason", "since")
_MESSAGES = ("channel", "kind", "state", "attempts", "created_at", "sent_at", "note", "error")
_FIELDS = ("field", "value")


def write_detail(found: AlertDetail, form: str) -> None:
    """Write what is known of an alert, then the messages about it."""
    alert = found.alert
    amount = "unknown" if alert.amount is None else shown(alert.amount, alert.currency)
    values = {
        "key": alert.key,
        "title": alert.title,
        "summary": alert.summary,
        "team": alert.team,
        "severity": alert.severity,
        "status": alert.status,
        "amount": amount,
        "threshold": "" if alert.threshold is None else shown(alert.threshold, alert.currency),
        "since": f"{alert.first_seen:%Y-%m-%d %H:%M}",
        "resolved": "" if found.resolved_at is None else f"{found.resolved_at:%Y-%m-%d %H:%M}",
        "snoozed until": "" if found.snoozed_until is None else f"{found.snoozed_until:%Y-%m-%d %H:%M}",
        "handled by": found.handled_by,
        "note": found.note,
    }
    rows = [{"field": name, "value": value} for name, value in values.items() if value]
    for part in alert.contributors:
        cost = "" if part.amount is None else shown(part.amount, alert.currency)
        rows.append({"field": "contributor", "value": " · ".join(filter(None, (part.label, cost, part.note)))})
    if form == "csv":
        write_csv(_FIELDS, rows)
        return
    write_table(f"alert {alert.key}", _FIELDS, rows)
    _write_messages(document(found.messages))


def write_reasons(why: Mapping[str, Any], form: str) -> None:
    """Write what each stage decided and why, then the messages: the document of `why_document`."""
    rows = [{**each, "since": _moment(each["since"]) if form == "table" else each["since"]} for each in why["reasons"]]
    if form == "csv":
        write_csv(_REASONS, rows)
        return
    write_table(" ".join(filter(None, (f"{why['key']}: {why['status']}.", why["summary"]))), _REASONS, rows)
    _write_messages(why["messages"])


def _write_messages(messages: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        {
            **{name: "" if each[name] is None else each[name] for name in _MESSAGES},
            "created_at": _moment(each["created_at"]),
            "sent_at": _moment(each["sent_at"]),
        }
        for each in messages
    ]
    write_table("messages" if rows else "no message was made of it", _MESSAGES, rows)


def _moment(text: str | None) -> str:
    return "" if text is None else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
