"""/budgets: every team's budget, how it was spent, and what is left for the days to come."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from attributor.periods import Month, month_of
from attributor.reports.budgets import Budgets, budgets
from attributor.reports.document import document
from attributor.web.burn_down import burn_down
from attributor.web.controls import Controls
from attributor.web.links import Links
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.templating import Templates

BUDGETS = "/budgets"


def budget_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /budgets and /budgets.json."""
    router = APIRouter()

    def read(request: Request) -> tuple[Budgets, Links]:
        """Budgets are of months: of another period it is the month that its last day, or today, is in."""
        view = read_view(parts, request.query_params)
        if not isinstance(view.period, Month):
            view = replace(view, period=month_of(min(view.period.last, view.today)))
        view = replace(view, basis="effective")
        return budgets(parts.engine, parts.teams(), view), Links(view, BUDGETS)

    @router.get(BUDGETS)
    def page(request: Request) -> Response:
        """Answer the budgets of a month."""
        report, links = read(request)
        return templates.page(
            "budgets.html",
            {
                "report": report,
                "links": links,
                "controls": Controls(links),
                "teams": links.teams(parts.teams()),
                "drawn": {pace.line.team: burn_down(pace, report.heading.period.days) for pace in report.lines},
            },
        )

    @router.get(f"{BUDGETS}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the same as JSON."""
        return JSONResponse(document(read(request)[0]))

    return router
