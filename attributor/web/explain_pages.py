"""Where an amount comes from: first by day and rule, then one day down to the rows of the bill."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import QueryParams

from attributor.periods import month_of
from attributor.reports.costs import BASES, Basis
from attributor.reports.document import document
from attributor.reports.explained_days import explained_month
from attributor.reports.explanation import Explained, in_basis
from attributor.reports.explanation_document import explained_document
from attributor.reports.narrowing import Filter, Narrowing, every_word
from attributor.reports.owners import known_team, shown_name
from attributor.reports.questions.asked import parse_day
from attributor.reports.subject import Subject
from attributor.reports.view import Frame, View, frame
from attributor.web.controls import controls
from attributor.web.formats import percentage
from attributor.web.links import BASIS_NAMES, EXPLAIN, NOT_GIVEN, Link, Links
from attributor.web.parts import SiteParts
from attributor.web.queries import BadQueryError, read_view, wants_all_rows
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
        currency = _frame(parts, view).currency
        if subject.day is None:
            return JSONResponse(document(explained_month(parts.engine, subject, currency)))
        return JSONResponse(explained_document(_day(explain, subject, currency)))

    @router.get(EXPLAIN)
    def page(request: Request) -> Response:
        """Answer an explanation as a page."""
        subject, view = _subject(parts, request.query_params)
        seen = _frame(parts, view)
        kept = replace(view, filters=tuple(Filter(word, (value,)) for word, value in subject.filters.items()))
        links, teams = (
            Links(kept, EXPLAIN, (("team", subject.team),), wants_all_rows(request.query_params)),
            parts.teams(),
        )
        common: dict[str, Any] = {
            "links": links,
            "controls": controls(links, Narrowing(_words(parts))),
            "heading": seen.heading,
            "bases": tuple(_in_basis(kept, subject, basis) for basis in BASES),
            "teams": links.teams(teams),
            "name": shown_name(teams, subject.team),
            "subject": subject,
            "json": links.explain(subject, EXPLAIN + ".json"),
            "of_rule": lambda rule: links.explain(replace(subject, filters={**subject.filters, "rule": rule})),
            "of_day": lambda line: links.explain(_asked_on(subject, line.day, line.rule)),
        }
        if subject.day is None:
            return templates.page(
                "explain.html", {**common, "report": explained_month(parts.engine, subject, seen.currency)}
            )
        report = _day(explain, subject, seen.currency)
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


def _in_basis(view: View, subject: Subject, basis: Basis) -> Link:
    """Return the same explanation in another cost basis."""
    links = Links(replace(view, basis=basis), EXPLAIN)
    return Link(BASIS_NAMES[basis], links.explain(replace(subject, basis=basis)), basis == subject.basis)


def _day(explain: Explain, subject: Subject, currency: str) -> Explained:
    nothing = Explained(subject, currency, Decimal(0), ())
    return next((answer for answer in explain(subject) if answer.currency == currency), nothing)


def _frame(parts: SiteParts, view: View) -> Frame:
    with parts.engine.connect() as connection:
        return frame(connection, view)


def _subject(parts: SiteParts, query: QueryParams) -> tuple[Subject, View]:
    view = read_view(parts, query)
    try:
        day = parse_day(query["day"]) if "day" in query else None
    except ValueError as error:
        raise BadQueryError(f"day={error}") from error
    if day is not None:
        view = replace(view, period=month_of(day))
    with parts.engine.connect() as connection:
        team = known_team(connection, parts.teams(), query.get("team", ""))
    return Subject(view.period, day, team.id, _parts(parts, query), view.basis), view


def _words(parts: SiteParts) -> tuple[str, ...]:
    """Return the dimensions that an explanation can be kept to."""
    return tuple(word for word in every_word(parts.dimensions()) if word != "team")


def _parts(parts: SiteParts, query: QueryParams) -> dict[str, str]:
    """Return what the amount is kept to: one value of each dimension, "" where the address says that none is given."""
    words = _words(parts)
    more, value = query.get("where", ""), query.get("is", "").strip()
    if value and more not in words:
        raise BadQueryError(f"cannot keep to {more!r} here; write one of {', '.join(words)}")
    several = [word for word in words if len(query.getlist(word)) > 1]
    if several:
        raise BadQueryError(f"{several[0]}= is given twice; an explanation is of one value of a dimension")
    found = {word: query[word] for word in words if word in query} | ({more: value} if value else {})
    return {word: "" if asked == NOT_GIVEN else asked for word, asked in found.items()}
