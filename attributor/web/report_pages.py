"""A page that is one report: as HTML at its address, and as JSON at the same with `.json`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from attributor.reports.document import document
from attributor.reports.view import View
from attributor.web.controls import controls
from attributor.web.links import Links
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.templating import Templates

Report = TypeVar("Report")


def nothing_more(*_: Any) -> Mapping[str, Any]:
    """Return nothing beside the report."""
    return {}


def as_asked(view: View) -> View:
    """Return the view that the address asks for."""
    return view


@dataclass(frozen=True)
class ReportPage(Generic[Report]):
    """A report's address and template, and what reads it of a view.

    `viewed` returns the view that the page is of, where it cannot be of any. `shown` returns what the template needs
    beside the report, `told` what the JSON has beside its fields.
    """

    path: str
    template: str
    read: Callable[[View], Report]
    viewed: Callable[[View], View] = as_asked
    shown: Callable[[Report], Mapping[str, Any]] = nothing_more
    told: Callable[[Report], Mapping[str, Any]] = nothing_more


def report_routes(parts: SiteParts, templates: Templates, page: ReportPage[Report]) -> APIRouter:
    """Return both routes of a page."""
    router = APIRouter()

    def view_of(request: Request) -> View:
        return page.viewed(read_view(parts, request.query_params))

    @router.get(page.path)
    def as_page(request: Request) -> Response:
        """Answer the report as a page."""
        view = view_of(request)
        report, links = page.read(view), Links(view, page.path)
        common = {"report": report, "links": links, "controls": controls(links), "teams": links.teams(parts.teams())}
        return templates.page(page.template, {**common, **page.shown(report)})

    @router.get(f"{page.path}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the report as JSON."""
        report = page.read(view_of(request))
        return JSONResponse({**document(report), **page.told(report)})

    return router
