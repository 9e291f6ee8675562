"""A page that is one report: as HTML at its address, and as JSON at the same with `.json`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from attributor.reports.document import document
from attributor.reports.narrowing import Narrowing, every_word
from attributor.reports.view import Heading, View
from attributor.web.controls import controls, dimension_name
from attributor.web.links import Links, settled
from attributor.web.parts import SiteParts
from attributor.web.queries import read_narrowed_view, wants_all_rows
from attributor.web.templating import Templates


class Headed(Protocol):
    """A report that says what it is of."""

    @property
    def heading(self) -> Heading:
        """What it is of."""


Report = TypeVar("Report", bound=Headed)


def nothing_more(*_: Any) -> Mapping[str, Any]:
    """Return nothing beside the report."""
    return {}


def as_asked(view: View) -> View:
    """Return the view that the address asks for."""
    return view


def in_no_way(_: tuple[str, ...]) -> Narrowing:
    """Keep a page to nothing, and group it by nothing."""
    return Narrowing()


def nobody_known(_: Any) -> Iterable[str]:
    """Offer no values."""
    return ()


@dataclass(frozen=True)
class ReportPage(Generic[Report]):
    """A report's address and template, and what reads it of a view.

    `viewed` returns the view that the page is of, where it cannot be of any. `shown` returns what the template needs
    beside the report, `told` what the JSON has beside its fields. `can` says what it can be kept to and grouped by, of
    all words of dimensions, and `known` which values its form offers.
    """

    path: str
    template: str
    read: Callable[[View], Report]
    viewed: Callable[[View], View] = as_asked
    shown: Callable[[Report], Mapping[str, Any]] = nothing_more
    told: Callable[[Report], Mapping[str, Any]] = nothing_more
    can: Callable[[tuple[str, ...]], Narrowing] = in_no_way
    known: Callable[[Report], Iterable[str]] = nobody_known


def report_routes(parts: SiteParts, templates: Templates, page: ReportPage[Report]) -> APIRouter:
    """Return both routes of a page."""
    router = APIRouter()

    def able() -> Narrowing:
        return page.can(every_word(parts.dimensions()))

    def view_of(request: Request) -> View:
        return page.viewed(read_narrowed_view(parts, request.query_params, able()))

    @router.get(page.path)
    def as_page(request: Request) -> Response:
        """Answer the report as a page."""
        view = view_of(request)
        report = page.read(view)
        links = Links(settled(view, report.heading), page.path, all_rows=wants_all_rows(request.query_params))
        common = {
            "report": report,
            "links": links,
            "controls": controls(links, able(), page.known(report)),
            "teams": links.teams(parts.teams()),
            "grouped_by": dimension_name(view.group),
            "explains": parts.explain is not None and links.can_explain,
        }
        return templates.page(page.template, {**common, **page.shown(report)})

    @router.get(f"{page.path}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the report as JSON."""
        report = page.read(view_of(request))
        return JSONResponse({**document(report), **page.told(report)})

    return router
