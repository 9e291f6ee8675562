"""/data-quality and /rules: is the bill complete and owned, and what does each rule claim?"""

from fastapi import APIRouter

from attributor.reports.quality.report import data_quality
from attributor.reports.rule_claims import rule_claims
from attributor.web.parts import SiteParts
from attributor.web.report_pages import ReportPage, report_routes
from attributor.web.templating import Templates

QUALITY = "/data-quality"
RULES = "/rules"


def quality_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /data-quality and /data-quality.json."""
    page = ReportPage(
        QUALITY,
        "quality.html",
        lambda view: data_quality(parts.engine, parts.rules(), view),
        told=lambda report: {"missing_days": report.missing_days},
    )
    return report_routes(parts, templates, page)


def rule_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /rules and /rules.json."""
    page = ReportPage(
        RULES,
        "rules.html",
        lambda view: rule_claims(parts.engine, parts.rules(), view),
        told=lambda report: {"unused": [rule.name for rule in report.unused]},
    )
    return report_routes(parts, templates, page)
