"""Charts as PNG, for messages: the page's chart with a title and the colours of light pages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module

from sqlalchemy import Engine

from alerts.alert import Alert
from attributor.periods import month_of
from attributor.reports.team import team_report
from attributor.reports.view import View
from attributor.web.charts import Spec, team_by_day
from attributor.web.formats import money
from attributor.web.palette import painted
from attributor.web.period_words import period
from attributor.web.wording import not_drawn
from rules.ruleset import Team

_WIDTH = 640
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_CONFIG: Spec = {
    "background": "var(--surface)",
    "font": _FONT,
    "view": {"stroke": None},
    "title": {"anchor": "start", "color": "var(--text)", "fontSize": 16, "subtitleColor": "var(--text-muted)"},
    "axis": {"labelColor": "var(--text-muted)", "gridColor": "var(--line)", "domainColor": "var(--line)"},
}


def alert_picture(
    engine: Engine, teams: Mapping[str, Team], clock: Callable[[], datetime], alert: Alert
) -> bytes | None:
    """Return the days of an alert's team in the month it began; None where it names no team that is known."""
    if alert.team not in teams:
        return None
    return team_picture(engine, teams, alert.team, View(month_of(alert.started_at.date()), clock()))


def team_picture(engine: Engine, teams: Mapping[str, Team], team: str, view: View) -> bytes:
    """Return a team's days of a period as PNG bytes, its cost in the title."""
    report = team_report(engine, teams, team, view)
    cost = money(report.total, report.heading.currency)
    subtitle = [period(report.heading.period), not_drawn(report.categories, report.heading.currency)]
    title = {"text": f"{report.name}: {cost}", "subtitle": [line for line in subtitle if line]}
    return picture(team_by_day(report, teams), title)


def picture(spec: Spec, title: Spec) -> bytes:
    """Return the chart as PNG bytes."""
    whole = {**spec, "title": title, "width": _WIDTH, "padding": 16, "config": _CONFIG}
    renderer = import_module("vl_convert")  # a sixth of a second that only a picture needs
    png: bytes = renderer.vegalite_to_png(painted(whole), scale=2)
    return png
