"""What detectors share when they write an alert: links, severity and level by money, times as text and as labels."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote

from alerts.alert import Alert, Severity

DAY_LABEL = len("2026-11-20")
"""The length of the label of a day; that of an hour begins with its day."""


def team_link(team: str, day: date) -> str:
    """Return the path of a team's page for the UTC month of a day."""
    return f"/teams/{quote(team, safe='')}?month={day:%Y-%m}"


def severity_by_money(amount: Decimal, *, warning: Decimal, critical: Decimal) -> Severity:
    """Return critical from `critical` on, warning from `warning` on, else info; all in the same currency."""
    if amount >= critical:
        return "critical"
    return "warning" if amount >= warning else "info"


def level_by_money(worst: float, gate: float) -> int:
    """Return how bad it is: 0 from `gate` on (more than 0), and one more with each fourfold."""
    return int(math.log(max(worst, gate) / gate, 4))


def midnight(day: date) -> datetime:
    """Return the start of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def minute(moment: datetime) -> str:
    """Write an aware UTC instant to the minute, as "2026-11-20 14:00 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def hour_label(hour: datetime) -> str:
    """Return the label of an hour (aware UTC) in a chart."""
    return f"{hour:%Y-%m-%dT%H:00Z}"


def day_of(label: str) -> date:
    """Return the UTC day that a point of a chart is of: a day, or an hour of it."""
    return date.fromisoformat(label[:DAY_LABEL])


def marked_days(alert: Alert) -> set[date]:
    """Return the UTC days that an alert's chart marks, or marks hours of."""
    return {day_of(point.label) for point in alert.chart if point.marked}
