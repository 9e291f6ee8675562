"""Where an amount comes from: first by day and rule, then one day down to the rows of the bill."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from attributor.attributing.explaining import FILTERS
from attributor.periods import month_of
from attributor.reports.document import document
from attributor.reports.explained_days import ExplainedMonth, explained_month
from attributor.reports.explanation import Explained, in_basis
from attributor.reports.explanation_document import explained_document
from attributor.reports.owners import known_team, shown_name
from attributor.reports.questions.asked import parse_day
from attributor.reports.subject import Subject
from attributor.reports.view import View, frame
from attributor.web.formats import percentage
from attributor.web.links import EXPLAIN, Links
from attributor.web.parts import SiteParts
from attributor.web.queries import BadQueryError, read_view
from attributor.web.templating import Templates

Explain = Callable[[Subject], tuple[Explained, ...]]
_CHARGES_SHOWN = 20
_EXACT = Context(prec=60)


def explain_routes(parts: SiteParts, templates: Templates, explain: Explain) -> APIRouter:
    """Return /explain and /explain.json."""
    router = APIRouter()

    @router.get("/explain.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer an explanation as JSON: of a month its days, of a day all that led to it."""
        subject, view = _subject(parts, request.query_params)
        if subject.day is None:
            return JSONResponse(document(_month(parts, subject, view)))
        return JSONResponse(explained_document(_day(parts, explain, subject, view)))

    @router.get(EXPLAIN)
    def page(request: Request) -> Response:
        """Answer an explanation as a page."""
        subject, view = _subject(parts, request.query_params)
        links, teams = Links(view, EXPLAIN), parts.teams()
        common: dict[str, Any] = {
            "links": links,
            "teams": links.teams(teams),
            "name": shown_name(teams, subject.team),
            "subject": subject,
            "json": links.explain(subject, EXPLAIN + ".json"),
            "of_day": lambda line: links.explain(_asked_on(subject, line.day, line.rule)),
        }
        if subject.day is None:
            return templates.page("explain.html", {**common, "report": _month(parts, subject, view)})
        report = _day(parts, explain, subject, view)
        month = links.explain(replace(subject, day=None))
        shown = {
            "report": report,
            "month": month,
            "limit": _CHARGES_SHOWN,
            "of": partial(in_basis, basis=subject.basis),
            "share": _percentage,
        }
        return templates.page("explain_day.html", {**common, **shown})

    return router


def _percentage(share: Fraction) -> str:
    return percentage(_EXACT.divide(Decimal(share.numerator), Decimal(share.denominator)))


def _asked_on(subject: Subject, day: date, rule: str) -> Subject:
    return replace(subject, day=day, filters={**subject.filters, "rule": rule})


def _month(parts: SiteParts, subject: Subject, view: View) -> ExplainedMonth:
    return explained_month(parts.engine, subject, _currency(parts, view))


def _day(parts: SiteParts, explain: Explain, subject: Subject, view: View) -> Explained:
    answers, currency = explain(subject), _currency(parts, view)
    nothing = Explained(subject, currency, Decimal(0), ())
    return next((answer for answer in answers if answer.currency == currency), nothing)


def _currency(parts: SiteParts, view: View) -> str:
    with parts.engine.connect() as connection:
        return frame(connection, view).currency


def _subject(parts: SiteParts, query: Mapping[str, str]) -> tuple[Subject, View]:
    view = read_view(parts, query)
    try:
        day = parse_day(query["day"]) if "day" in query else None
    except ValueError as error:
        raise BadQueryError(f"day={error}") from error
    if day is not None:
        view = replace(view, period=month_of(day))
    with parts.engine.connect() as connection:
        team = known_team(connection, parts.teams(), query.get("team", ""))
    filters = {word: query[word] for word in FILTERS if word in query}
    return Subject(view.period, day, team.id, filters, view.basis), view
