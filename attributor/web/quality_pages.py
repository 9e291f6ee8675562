"""/data-quality and /rules: is the bill complete and owned, and what does each rule claim?"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from attributor.reports.document import document
from attributor.reports.quality.report import DataQuality, data_quality
from attributor.reports.rule_claims import RuleClaims, rule_claims
from attributor.web.controls import Controls
from attributor.web.links import Links
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.templating import Templates

QUALITY = "/data-quality"
RULES = "/rules"


def quality_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /data-quality and /data-quality.json."""
    router = APIRouter()

    def read(request: Request) -> tuple[DataQuality, Links]:
        view = read_view(parts, request.query_params)
        return data_quality(parts.engine, parts.rules(), view), Links(view, QUALITY)

    @router.get(QUALITY)
    def page(request: Request) -> Response:
        """Answer how complete and how sure a period's data is."""
        report, links = read(request)
        return templates.page(
            "quality.html",
            {"report": report, "links": links, "controls": Controls(links), "teams": links.teams(parts.teams())},
        )

    @router.get(f"{QUALITY}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the same as JSON."""
        report, _ = read(request)
        return JSONResponse({**document(report), "missing_days": report.missing_days})

    return router


def rule_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /rules and /rules.json."""
    router = APIRouter()

    def read(request: Request) -> tuple[RuleClaims, Links]:
        view = read_view(parts, request.query_params)
        return rule_claims(parts.engine, parts.rules(), view), Links(view, RULES)

    @router.get(RULES)
    def page(request: Request) -> Response:
        """Answer each rule with what it claimed."""
        report, links = read(request)
        return templates.page(
            "rules.html",
            {"report": report, "links": links, "controls": Controls(links), "teams": links.teams(parts.teams())},
        )

    @router.get(f"{RULES}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the same as JSON."""
        report, _ = read(request)
        return JSONResponse({**document(report), "unused": [rule.name for rule in report.unused]})

    return router
