"""The alerts that stand, and why one was told or not."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import Field

from attributor.ledger.engine import reading
from attributor.reports.alert_detail import alert_detail, known_keys, why_document
from attributor.reports.document import document
from attributor.reports.open_alerts import OpenAlert, open_alerts
from attributor.reports.questions.asked import Question, QuestionError, TeamName, team_asked
from attributor.reports.questions.books import Books


class AlertsQuestion(Question):
    """Which alerts."""

    team: TeamName = None
    kind: Annotated[str | None, Field(max_length=100, description="Only this kind, as spend_anomaly or budget")] = None
    top: Annotated[int, Field(ge=1, le=200, description="The most alerts, the most severe and latest first")] = 50


class AlertQuestion(Question):
    """Which alert."""

    key: Annotated[str, Field(max_length=500, description="The alert's key, as `alerts` tells it")]


@dataclass(frozen=True)
class AlertLine:
    """An alert that stands; `amount` and `threshold` are in `currency`, `started_at` is when it began."""

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
    started_at: datetime
    handled_by: str
    snoozed_until: datetime | None


@dataclass(frozen=True)
class AlertLines:
    """The most severe and latest alerts that stand; `left_out` counts the others."""

    alerts: tuple[AlertLine, ...]
    left_out: int


def alert_line(alert: OpenAlert) -> AlertLine:
    """Return an alert without what makes it up."""
    return AlertLine(
        key=alert.key,
        kind=alert.kind,
        team=alert.team,
        severity=alert.severity,
        status=alert.status,
        title=alert.title,
        summary=alert.summary,
        currency=alert.currency,
        amount=alert.amount,
        threshold=alert.threshold,
        started_at=alert.started_at,
        handled_by=alert.handled_by,
        snoozed_until=alert.snoozed_until,
    )


def answer_alerts(books: Books, asked: AlertsQuestion) -> AlertLines:
    """Answer; raises UnknownTeamError."""
    team = team_asked(asked.team, books)
    with reading(books.engine) as connection:
        found = [alert for alert in open_alerts(connection, team) if asked.kind in (None, alert.kind)]
    return AlertLines(tuple(map(alert_line, found[: asked.top])), max(len(found) - asked.top, 0))


def answer_alert_why(books: Books, asked: AlertQuestion) -> dict[str, Any]:
    """Answer one alert in full with why it was told or not; raises QuestionError that names near keys."""
    with reading(books.engine) as connection:
        detail = alert_detail(connection, asked.key)
        if detail is not None:
            found: dict[str, Any] = document(detail)
            return found
        learned = why_document(connection, asked.key)
        if learned is not None:
            return learned
        near = get_close_matches(asked.key, known_keys(connection), n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise QuestionError(f"no alert has the key {asked.key!r}{hint}")
