"""Where an amount comes from: of all by team, rule and day, of a team by rule and day, of its day down to the bill."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Engine
from starlette.datastructures import QueryParams

from attributor.periods import Period, Span, month_of
from attributor.reports.costs import BASES, Basis
from attributor.reports.document import document
from attributor.reports.explained_days import (
    EXPLAINED_FURTHER,
    ExplainedMonth,
    ExplainedOfAll,
    days_of,
    explained_month,
    explained_of_all,
)
from attributor.reports.explanation import Explained, in_basis, only_correcting
from attributor.reports.explanation_document import explained_document
from attributor.reports.narrowing import Filter, Narrowing, every_word
from attributor.reports.owners import known_team, shown_name
from attributor.reports.questions.asked import parse_day
from attributor.reports.subject import Subject
from attributor.reports.view import Frame, View, frame
from attributor.web.controls import controls
from attributor.web.formats import percentage
from attributor.web.links import BASIS_NAMES, EXPLAIN, NOT_GIVEN, Link, Links, settled
from attributor.web.parts import SiteParts
from attributor.web.queries import BadQueryError, read_view, wants_all_rows
from attributor.web.templating import Templates

Explain = Callable[[Subject], tuple[Explained, ...]]
Report = ExplainedOfAll | ExplainedMonth | Explained
_CHARGES_SHOWN = 20
_EXACT = Context(prec=60)
_TEMPLATES: Mapping[type[Report], str] = {
    ExplainedOfAll: "explain_all.html",
    ExplainedMonth: "explain.html",
    Explained: "explain_day.html",
}


def explain_routes(parts: SiteParts, templates: Templates, explain: Explain) -> APIRouter:
    """Return /explain and /explain.json."""
    router = APIRouter()

    @router.get("/explain.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer an explanation as JSON: of all teams, of a team's period, or of its day down to the bill."""
        subject, view = _subject(parts, request.query_params)
        report = _read(parts, explain, subject, _frame(parts, view, subject))
        return JSONResponse(explained_document(report) if isinstance(report, Explained) else document(report))

    @router.get(EXPLAIN)
    def page(request: Request) -> Response:
        """Answer an explanation as a page."""
        subject, view = _subject(parts, request.query_params)
        seen = _frame(parts, view, subject)
        report = _read(parts, explain, subject, seen)
        template = _TEMPLATES[type(report)]
        return templates.page(
            template,
            {**_common(parts, request.query_params, subject, seen), **_shown(subject, report), "report": report},
        )

    return router


def _read(parts: SiteParts, explain: Explain, subject: Subject, seen: Frame) -> Report:
    if subject.team and subject.day is not None:
        return _day(explain, subject, seen.currency)
    first_steps = explained_month if subject.team else explained_of_all

    def read(engine: Engine, _: View) -> ExplainedMonth | ExplainedOfAll:
        return first_steps(engine, subject, seen.currency)

    asked = f"explain {subject.team!r} {subject.day} {sorted(subject.filters.items())} {seen.currency}"
    return parts.without_heading(asked, seen.view, (), read)


def _common(parts: SiteParts, query: QueryParams, subject: Subject, seen: Frame) -> dict[str, Any]:
    """Return what every step of an explanation shows: what it is of, and where its parts lead.

    `links` are those of the page itself, where the period of a day is that day; those to other steps name the month.
    """
    kept = replace(
        settled(seen.view, seen.heading),
        filters=tuple(Filter(word, (value,)) for word, value in subject.filters.items()),
    )
    teams, to = parts.teams(), Links(kept, EXPLAIN)
    here = kept if subject.day is None else replace(kept, period=Span(*subject.days))
    links = Links(here, EXPLAIN, (("team", subject.team),) if subject.team else (), wants_all_rows(query))
    return {
        "links": links,
        "controls": controls(links, Narrowing(_words(parts))),
        "heading": seen.heading if subject.day is None else replace(seen.heading, period=here.period),
        "bases": tuple(_in_basis(kept, subject, basis) for basis in BASES),
        "teams": links.teams(teams),
        "name": shown_name(teams, subject.team) if subject.team else _everybody(parts),
        "name_of": partial(shown_name, teams),
        "subject": subject,
        "json": to.explain(subject, EXPLAIN + ".json"),
        "month": to.explain(replace(subject, day=None)),
        "of_all": to.explain(replace(subject, team="")),
        "of_team": lambda team: to.explain(replace(subject, team=team)),
        "of_rule": lambda rule: to.explain(replace(subject, filters={**subject.filters, "rule": rule})),
        "of_day": lambda day: to.explain(replace(subject, day=day)),
    }


def _everybody(parts: SiteParts) -> str:
    owners = None if parts.door is None else parts.door.owners.owners
    return "All teams" if owners is None else "Your teams"


def _shown(subject: Subject, report: Report) -> dict[str, Any]:
    """Return what one step shows beside its report."""
    if isinstance(report, ExplainedMonth):
        return {"days": days_of(report.lines)}
    if isinstance(report, ExplainedOfAll):
        return {}
    return {"limit": _CHARGES_SHOWN, "of": partial(in_basis, basis=subject.basis), "share": _percentage}


def _percentage(share: Fraction) -> str:
    return percentage(_EXACT.divide(Decimal(share.numerator), Decimal(share.denominator)))


def _in_basis(view: View, subject: Subject, basis: Basis) -> Link:
    """Return the same explanation in another cost basis."""
    links = Links(replace(view, basis=basis), EXPLAIN)
    return Link(BASIS_NAMES[basis], links.explain(replace(subject, basis=basis)), basis == subject.basis)


def _day(explain: Explain, subject: Subject, currency: str) -> Explained:
    nothing = Explained(subject, currency, Decimal(0), ())
    asked = replace(subject, filters={word: value for word, value in subject.filters.items() if word != "corrects"})
    found = next((answer for answer in explain(asked) if answer.currency == currency), nothing)
    return replace(found if asked == subject else only_correcting(found, subject.filters["corrects"]), subject=subject)


def _frame(parts: SiteParts, view: View, subject: Subject) -> Frame:
    """Settle the currency as the page does that the amount is on: of what that is kept to."""
    known = every_word(parts.dimensions())
    kept = tuple(Filter(word, (value,)) for word, value in subject.filters.items() if word in known)
    with parts.engine.connect() as connection:
        return frame(connection, replace(view, filters=kept))


def _subject(parts: SiteParts, query: QueryParams) -> tuple[Subject, View]:
    view = read_view(parts, query)
    try:
        day = parse_day(query["day"]) if "day" in query else _only_day(view.period)
    except ValueError as error:
        raise BadQueryError(f"day={error}") from error
    if day is not None:
        view = replace(view, period=month_of(day))
    team = query.get("team", "")
    if team:
        with parts.engine.connect() as connection:
            team = known_team(connection, parts.teams(), team).id
    return Subject(view.period, day, team, _parts(parts, query), view.basis), view


def _only_day(period: Period) -> date | None:
    return period.first if period.end - period.first == timedelta(days=1) else None


def _words(parts: SiteParts) -> tuple[str, ...]:
    """Return the dimensions that an explanation can be kept to."""
    own = (word for word in every_word(parts.dimensions()) if word not in {"team", *EXPLAINED_FURTHER})
    return (*own, *EXPLAINED_FURTHER)


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
