"""The picture that goes with an alert."""

from urllib.parse import quote

from alerts.alert import Alert
from attributor.periods import month_of


def alert_chart_path(alert: Alert) -> str | None:
    """Return the path of the daily chart of the alert's team in the month it began; None where it names no team."""
    if not alert.team or alert.kind == "test":
        return None
    return f"/charts/teams/{quote(alert.team, safe='')}/daily.png?month={month_of(alert.started_at.date())}"
