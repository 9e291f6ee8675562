"""/data-quality and /rules: is the bill complete and owned, and what does each rule claim?"""

from functools import partial

from fastapi import APIRouter

from attributor.reports.narrowing import Narrowing
from attributor.web.parts import SiteParts
from attributor.web.report_pages import ReportPage, report_routes
from attributor.web.shown_reports import shown_quality, shown_rules
from attributor.web.templating import Templates

QUALITY = "/data-quality"
RULES = "/rules"


def quality_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /data-quality and /data-quality.json."""
    page = ReportPage(
        QUALITY,
        "quality.html",
        partial(shown_quality, parts),
        told=lambda report: {"missing_days": report.missing_days},
        can=lambda _: Narrowing(("source",)),
        known=lambda report: (each.source for each in report.calendars),
    )
    return report_routes(parts, templates, page)


def rule_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /rules and /rules.json."""
    page = ReportPage(
        RULES,
        "rules.html",
        partial(shown_rules, parts),
        shown=lambda report: {"compares": report.heading.comparison.is_possible},
        told=lambda report: {"unused": [rule.name for rule in report.unused]},
        can=lambda words: Narrowing(words, words),
        known=lambda report: (rule.name for rule in report.rules),
    )
    return report_routes(parts, templates, page)
