"""What detectors share when they write an alert: links to the daemon's pages, severity by money, times as text."""

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote

from alerts.alert import Severity


def team_link(team: str, day: date) -> str:
    """Return the path of a team's page for the UTC month of a day."""
    return f"/teams/{quote(team, safe='')}?month={day:%Y-%m}"


def severity_by_money(amount: Decimal, *, warning: Decimal, critical: Decimal) -> Severity:
    """Return critical from `critical` on, warning from `warning` on, else info; all in the same currency."""
    if amount >= critical:
        return "critical"
    return "warning" if amount >= warning else "info"


def midnight(day: date) -> datetime:
    """Return the start of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def minute(moment: datetime) -> str:
    """Write an aware UTC instant to the minute, as "2026-11-20 14:00 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
