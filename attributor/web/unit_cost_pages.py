"""/unit-costs: what a request, a thousand tokens, a job or any other outcome costs."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from attributor.reports.document import document
from attributor.reports.unit_costs import UnitCosts, unit_costs
from attributor.web.controls import Controls
from attributor.web.links import Links
from attributor.web.palette import slots
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.templating import Templates

UNIT_COSTS = "/unit-costs"


def unit_cost_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /unit-costs and /unit-costs.json."""
    router = APIRouter()

    def read(request: Request) -> tuple[UnitCosts, Links]:
        view = read_view(parts, request.query_params)
        return unit_costs(parts.engine, parts.teams(), view), Links(view, UNIT_COSTS)

    @router.get(UNIT_COSTS)
    def page(request: Request) -> Response:
        """Answer the unit costs of a period."""
        report, links = read(request)
        teams = parts.teams()
        return templates.page(
            "unit_costs.html",
            {
                "report": report,
                "links": links,
                "controls": Controls(links),
                "teams": links.teams(teams),
                "slots": slots(teams, (line.team for line in report.teams)),
                "tall": {trend.metric: max(each.unit_cost or 0 for each in trend.points) for trend in report.trends},
            },
        )

    @router.get(f"{UNIT_COSTS}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the same as JSON."""
        return JSONResponse(document(read(request)[0]))

    return router
