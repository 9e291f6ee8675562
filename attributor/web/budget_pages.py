"""/budgets: every team's budget, how it was spent, and what is left for the days to come."""

from dataclasses import replace
from functools import partial

from fastapi import APIRouter

from attributor.periods import Month, month_of
from attributor.reports.document import document
from attributor.reports.narrowing import Narrowing
from attributor.reports.view import View
from attributor.web.budget_changes import edited_budgets, may_edit
from attributor.web.budget_forms import BUDGETS
from attributor.web.burn_down import burn_down
from attributor.web.parts import SiteParts
from attributor.web.report_pages import ReportPage, report_routes
from attributor.web.shown_reports import shown_budgets
from attributor.web.templating import Templates


def budget_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /budgets and /budgets.json."""
    page = ReportPage(
        BUDGETS,
        "budgets.html",
        partial(shown_budgets, parts),
        viewed=_of_a_month,
        can=lambda _: Narrowing(("team",)),
        known=lambda report: (pace.line.team for pace in report.lines),
        shown=lambda report: {
            "drawing": lambda pace: burn_down(pace, report.heading.period.days),
            "families": {family.team: family for family in report.families},
            "edited": edited_budgets(parts),
            "may_edit": may_edit(parts, parts.door.visiting.visitor if parts.door else None),
        },
        told=lambda _: {"edited": document(tuple(edited_budgets(parts).values()))} if parts.budgeting else {},
    )
    return report_routes(parts, templates, page)


def _of_a_month(view: View) -> View:
    """Budgets are of months: of another period it is the month that its last day, or today, is in."""
    period = view.period
    month = period if isinstance(period, Month) else month_of(min(period.last, view.today))
    return replace(view, period=month, basis="effective")
