"""/unit-costs: what a request, a thousand tokens, a job or any other outcome costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from fastapi import APIRouter

from attributor.money import total
from attributor.reports.lines import ratio
from attributor.reports.narrowing import Narrowing
from attributor.reports.unit_costs import PER_THOUSAND, UnitCosts
from attributor.web.palette import slots
from attributor.web.parts import SiteParts
from attributor.web.report_pages import ReportPage, report_routes
from attributor.web.shown_reports import shown_unit_costs
from attributor.web.templating import Templates

UNIT_COSTS = "/unit-costs"


@dataclass(frozen=True)
class Margin:
    """What all teams that earn something earned and cost; the shares are None where nothing was earned."""

    revenue: Decimal
    cost: Decimal

    @property
    def cost_share(self) -> Decimal | None:
        """The cost as a part of the revenue."""
        return ratio(self.cost, self.revenue)

    @property
    def margin(self) -> Decimal | None:
        """What is left of the revenue."""
        return ratio(total((self.revenue, self.cost.copy_negate())), self.revenue)


def unit_cost_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /unit-costs and /unit-costs.json."""

    def shown(report: UnitCosts) -> Mapping[str, Any]:
        heading, ratios = report.heading, report.ratios
        return {
            "slots": slots(parts.teams(), {line.team for line in report.teams} | {line.team for line in ratios}),
            "tall": {trend.metric: max(each.unit_cost or 0 for each in trend.points) for trend in report.trends},
            "margin": Margin(total(line.revenue for line in ratios), total(line.cost for line in ratios)),
            "whole_through": report.until - timedelta(days=1) if report.until > heading.period.first else None,
            "of_models": PER_THOUSAND,
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
