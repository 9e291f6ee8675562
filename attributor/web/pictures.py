"""Charts as PNG, for messages: the page's chart with a title and the colours of light pages."""

import vl_convert
from fastapi import APIRouter, Request, Response

from attributor.reports.team import team_report
from attributor.web.charts import Spec, team_by_day
from attributor.web.formats import money, month
from attributor.web.palette import painted
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.wording import not_drawn

_WIDTH = 640
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_CONFIG: Spec = {
    "background": "var(--surface)",
    "font": _FONT,
    "view": {"stroke": None},
    "title": {"anchor": "start", "color": "var(--text)", "fontSize": 16, "subtitleColor": "var(--text-muted)"},
    "axis": {"labelColor": "var(--text-muted)", "gridColor": "var(--line)", "domainColor": "var(--line)"},
}


def picture_routes(parts: SiteParts) -> APIRouter:
    """Return /charts/teams/{team}/daily.png."""
    router = APIRouter()

    @router.get("/charts/teams/{team:path}/daily.png")
    def daily(team: str, request: Request) -> Response:
        """Answer a team's days as a picture, 640 px wide at twice the density."""
        teams = parts.teams()
        report = team_report(parts.engine, teams, team, read_view(parts, request.query_params))
        cost = money(report.total, report.heading.currency)
        subtitle = [month(report.heading.month), not_drawn(report.categories, report.heading.currency)]
        title = {"text": f"{report.name}: {cost}", "subtitle": [line for line in subtitle if line]}
        return Response(picture(team_by_day(report, teams), title), media_type="image/png")

    return router


def picture(spec: Spec, title: Spec) -> bytes:
    """Return the chart as PNG bytes."""
    whole = {**spec, "title": title, "width": _WIDTH, "padding": 16, "config": _CONFIG}
    png: bytes = vl_convert.vegalite_to_png(painted(whole), scale=2)
    return png
