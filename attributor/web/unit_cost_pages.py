"""/unit-costs: what a request, a thousand tokens, a job or any other outcome costs."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter

from attributor.reports.narrowing import Narrowing
from attributor.reports.unit_costs import UnitCosts
from attributor.web.palette import slots
from attributor.web.parts import SiteParts
from attributor.web.report_pages import ReportPage, report_routes
from attributor.web.shown_reports import shown_unit_costs
from attributor.web.templating import Templates

UNIT_COSTS = "/unit-costs"


def unit_cost_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /unit-costs and /unit-costs.json."""

    def shown(report: UnitCosts) -> Mapping[str, Any]:
        return {
            "slots": slots(parts.teams(), (line.team for line in report.teams)),
            "tall": {trend.metric: max(each.unit_cost or 0 for each in trend.points) for trend in report.trends},
        }

    page = ReportPage(
        UNIT_COSTS,
        "unit_costs.html",
        partial(shown_unit_costs, parts),
        shown=shown,
        can=lambda words: Narrowing(tuple(word for word in words if word != "model")),
        known=lambda report: (line.team for line in report.teams),
    )
    return report_routes(parts, templates, page)
