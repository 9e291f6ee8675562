"""The alerts that are not resolved, as pages show them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, DecimalException

import orjson
from sqlalchemy import Connection, RowMapping, case, select

from attributor.ledger.tables import alerts


@dataclass(frozen=True)
class OpenAlert:
    """An alert that fires, or that someone acknowledged or snoozed; `amount` and `threshold` are in `currency`."""

    key: str
    kind: str
    team: str
    severity: str
    status: str
    title: str
    summary: str
    currency: str
    amount: Decimal | None
    threshold: Decimal | None
    first_seen: datetime
    last_seen: datetime


def open_alerts(connection: Connection, team: str | None = None) -> tuple[OpenAlert, ...]:
    """Return the open alerts of one team or of all, the most severe and latest first; one query."""
    severity = case({"critical": 0, "warning": 1}, value=alerts.c.severity, else_=2)
    query = select(alerts).where(alerts.c.status != "resolved")
    if team is not None:
        query = query.where(alerts.c.team == team)
    found = connection.execute(query.order_by(severity, alerts.c.first_seen.desc(), alerts.c.key))
    return tuple(_alert(row._mapping) for row in found)


def _alert(row: RowMapping) -> OpenAlert:
    body = orjson.loads(row["body"])
    return OpenAlert(
        key=row["key"],
        kind=row["kind"],
        team=row["team"],
        severity=row["severity"],
        status=row["status"],
        title=body.get("title", row["key"]),
        summary=body.get("summary", ""),
        currency=body.get("currency", ""),
        amount=_amount(body.get("amount")),
        threshold=_amount(body.get("threshold")),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
    )


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except DecimalException:
        return None
