"""Statements: the list of them, and that of each team and cost center, as pages and as files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from attributor.ledger.owner_filter import Owners
from attributor.periods import Month, parse_month
from attributor.reports.document import document
from attributor.reports.owner_statement import Owner, OwnerStatement, owner_statement
from attributor.reports.statement_list import StatementList, kept_to_teams, summed_amounts
from attributor.web.faces.facts import facts
from attributor.web.faces.forms import FORMS, statement_file
from attributor.web.links import STATEMENTS, Link, Links
from attributor.web.palette import slots
from attributor.web.parts import SiteParts
from attributor.web.queries import BadQueryError, read_view, wants_all_rows
from attributor.web.shown_reports import shown_statements
from attributor.web.templating import Templates

_SUFFIXES = {form.suffix: name for name, form in FORMS.items()}
_FILE_NAMES = {"pdf": "PDF", "xlsx": "XLSX", "csv": "CSV", "json": "JSON"}


@dataclass(frozen=True)
class _Asked:
    """A statement's address: whose, of which month, and as a file of which form, "" for the page."""

    owner: Owner
    month: Month
    form: str = ""


def statement_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /statements, and each statement as a page and as files."""
    router = APIRouter()

    def listed(request: Request) -> StatementList:
        asked = request.query_params.get("month")
        with _everything(parts) as owners:
            report = shown_statements(parts, _month(asked) if asked else None, parts.clock())
        return report if owners is None else kept_to_teams(report, owners)

    @router.get(f"{STATEMENTS}.json")
    def list_as_json(request: Request) -> JSONResponse:
        """Answer the list as JSON."""
        return JSONResponse(document(listed(request)))

    @router.get(STATEMENTS)
    def list_page(request: Request) -> Response:
        """Answer the list of closed and open months, and who has a statement of one."""
        report, teams = listed(request), parts.teams()
        query = request.query_params
        view, all_rows = replace(read_view(parts, query), period=report.month), wants_all_rows(query)
        links = Links(view, STATEMENTS, all_rows=all_rows)
        context = {
            "report": report,
            "links": links,
            "teams": links.teams(teams),
            "slots": slots(teams, (line.owner.id for line in report.teams)),
            "address": statement_address,
            "months": links.of,
            "summed_amounts": summed_amounts,
        }
        return templates.page("statements.html", context)

    @router.get(STATEMENTS + "/{month}/cost-centers/{code:path}")
    def of_cost_center(month: str, code: str, request: Request) -> Response:
        """Answer the statement of a cost center: a page, or a file where the address ends as one does."""
        return _answer(parts, templates, request, _asked("cost_center", code, month))

    @router.get(STATEMENTS + "/{month}/{team:path}")
    def of_team(month: str, team: str, request: Request) -> Response:
        """Answer the statement of a team: a page, or a file where the address ends as one does."""
        return _answer(parts, templates, request, _asked("team", team, month))

    return router


def statement_address(month: Month, owner: Owner, suffix: str = "") -> str:
    """Return the path of a statement's page, or of its file that ends so."""
    whose = "cost-centers/" if owner.kind == "cost_center" else ""
    return f"{STATEMENTS}/{month}/{whose}{quote(owner.id)}{f'.{suffix}' if suffix else ''}"


def _asked(kind: Any, name: str, month: str) -> _Asked:
    found = _month(month)
    stem, point, suffix = name.rpartition(".")
    if point and suffix in _SUFFIXES:
        return _Asked(Owner(kind, stem), found, _SUFFIXES[suffix])
    return _Asked(Owner(kind, name), found)


@contextmanager
def _everything(parts: SiteParts) -> Iterator[Owners | None]:
    """Let queries read of all teams, and yield those that whoever asks may see; None is all.

    What a part is a part of is the whole of all teams, and a closing is of nobody in particular: whoever enters answers
    for what leaves.
    """
    if parts.door is None:
        yield None
        return
    owners = parts.door.owners.owners
    with parts.door.owners.seen_by(None):
        yield owners


def _month(text: str) -> Month:
    try:
        return parse_month(text)
    except ValueError as error:
        raise BadQueryError(str(error)) from error


def _answer(parts: SiteParts, templates: Templates, request: Request, asked: _Asked) -> Response:
    with _everything(parts) as owners:
        if owners is not None and (asked.owner.kind != "team" or asked.owner.id not in owners):
            raise HTTPException(403, "that statement is not for you to see")
        report = owner_statement(parts.engine, parts.teams(), asked.owner, asked.month, parts.clock())
    if not asked.form:
        return _page(parts, templates, request, report)
    made = statement_file(parts.company, report, asked.form)
    kept = {"Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
    return Response(made.content, media_type=made.media_type, headers=kept)


def _page(parts: SiteParts, templates: Templates, request: Request, report: OwnerStatement) -> Response:
    view = replace(read_view(parts, request.query_params), period=report.month)
    path = statement_address(report.month, report.owner)
    links = Links(view, path)
    context = {
        "report": report,
        "links": links,
        "teams": links.teams(parts.teams()),
        "facts": tuple(facts(report)),
        "files": tuple(Link(name, f"{path}.{suffix}") for suffix, name in _FILE_NAMES.items()),
        "all": f"{STATEMENTS}?month={report.month}",
        "json": f"{path}.json",
        "linked": _linker(parts, links, report),
    }
    return templates.page("statement.html", context)


def _linker(parts: SiteParts, links: Links, report: OwnerStatement) -> Callable[..., str]:
    """Return what gives an amount's address on the explanation's page; a cost center has none there of its own."""

    def linked(team: str, **part: str) -> str:
        more = {"cost_center": report.owner.id} if report.owner.kind == "cost_center" else {}
        return links.explain_part(team, None, **part, **more) if parts.explain is not None else ""

    return linked
