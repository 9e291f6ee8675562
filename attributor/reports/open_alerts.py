"""The alerts that are not resolved, as pages show them; those that are, and what was noted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, case, func, select

from alerts.alert import Alert, ChartPoint, Contributor
from attributor.ledger.alert_json import alert_from_json
from attributor.ledger.notes import SHOWN_FOR, Noted, notes_of
from attributor.ledger.tables import alerts

NO_TEAM = ""
"""What an alert about no team names as its team."""


@dataclass(frozen=True)
class OpenAlert:
    """An alert that fires, or that someone acknowledged or snoozed; `amount` and `threshold` are in `currency`.

    `started_at` is when what it is about began, `first_seen` when it was first noticed. `link` is the path of the page
    that explains it. `handled_by` last acknowledged or snoozed it. `contributors` make up the amount, or the excess
    where `drivers` say in a sentence what drives that. `chart` is the series that was judged, oldest first.
    `resolved_at` is when it was over, None while it stands.
    """

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
    started_at: datetime
    link: str
    contributors: tuple[Contributor, ...]
    chart: tuple[ChartPoint, ...]
    handled_by: str = ""
    snoozed_until: datetime | None = None
    drivers: str = ""
    resolved_at: datetime | None = None


@dataclass(frozen=True)
class OpenAlerts:
    """The alerts that stand, the most severe and latest first."""

    alerts: tuple[OpenAlert, ...]


def open_alerts(connection: Connection, team: str | None = None) -> tuple[OpenAlert, ...]:
    """Return the open alerts of one team or of all, the most severe and latest first; one query."""
    severity = case({"critical": 0, "warning": 1}, value=alerts.c.severity, else_=2)
    query = select(alerts).where(alerts.c.status != "resolved")
    if team is not None:
        query = query.where(alerts.c.team == team)
    found = connection.execute(query.order_by(severity, alerts.c.first_seen.desc(), alerts.c.key))
    return tuple(shown_alert(row._mapping) for row in found)


def resolved_alerts(connection: Connection) -> tuple[OpenAlert, ...]:
    """Return the alerts that resolved in the 30 days before the newest of them did, the latest first."""
    newest = connection.scalar(select(func.max(alerts.c.resolved_at)).where(alerts.c.status == "resolved"))
    if newest is None:
        return ()
    lately = (alerts.c.status == "resolved") & (alerts.c.resolved_at > newest - SHOWN_FOR)
    found = connection.execute(select(alerts).where(lately).order_by(alerts.c.resolved_at.desc(), alerts.c.key))
    return tuple(shown_alert(row._mapping) for row in found)


def noted_alerts(connection: Connection, team: str | None = None) -> tuple[OpenAlert, ...]:
    """Return what was noted of one team or of all and is no alarm, the newest first; its status is `noted`."""
    return tuple(_noted(each) for each in notes_of(connection, team))


def _noted(note: Noted) -> OpenAlert:
    nothing = {"handled_by": None, "snoozed_until": None, "resolved_at": None}
    seen = {"first_seen": note.first_noted, "last_seen": note.last_noted}
    return _shown(note.alert, {"status": "noted", **seen, **nothing})


def shown_alert(row: RowMapping) -> OpenAlert:
    """Return a row of `alerts` as pages show it."""
    return _shown(alert_from_json(row["body"]), dict(row))


def _shown(alert: Alert, row: Mapping[str, Any]) -> OpenAlert:
    return OpenAlert(
        key=alert.key,
        kind=alert.kind,
        team=alert.team,
        severity=alert.severity,
        status=row["status"],
        title=alert.title,
        summary=alert.summary,
        currency=alert.currency,
        amount=alert.amount,
        threshold=alert.threshold,
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        started_at=alert.started_at,
        link=alert.link,
        contributors=alert.contributors,
        chart=alert.chart,
        handled_by=row["handled_by"] or "",
        snoozed_until=row["snoozed_until"],
        drivers=alert.facts.get("drivers", ""),
        resolved_at=row["resolved_at"],
    )
