"""The alerts page: what stands, why it was told, and what is done about it by plain forms."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from alerts.alert import Handling
from attributor.ledger.alert_handling import acknowledge, fire_again, snooze
from attributor.ledger.engine import reading
from attributor.ledger.feedback import Told, give_feedback, take_back
from attributor.periods import Span
from attributor.reports.alert_detail import AlertDetail, alert_detail
from attributor.reports.alerting import STANDINGS, Alerting, AlertsAsked, alerting
from attributor.reports.document import document
from attributor.reports.open_alerts import OpenAlert
from attributor.reports.owners import RESERVED_OWNERS, shown_name
from attributor.web.access.asking import asker
from attributor.web.access.visitor import Visitor
from attributor.web.alert_controls import number_in
from attributor.web.alert_lists import history
from attributor.web.bodies import end_of
from attributor.web.links import ALERTS, Link, Links
from attributor.web.own_forms import own_form
from attributor.web.parts import SiteParts
from attributor.web.queries import BadQueryError, read_view
from attributor.web.templating import Templates

_SNOOZED_FOR = "1d"
WHY = f"{ALERTS}/why"


def alert_page_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /alerts and /alerts/why with their JSON, and what their forms send."""
    router = APIRouter()

    def read(request: Request) -> Alerting:
        return alerting(parts.engine, parts.clock(), alerts_asked(request.query_params))

    def read_one(request: Request) -> AlertDetail:
        key = request.query_params.get("key", "")
        with reading(parts.engine) as connection:
            found = alert_detail(connection, key)
        if found is None:
            raise BadQueryError(f"no alert has the key {key!r}")
        return found

    def show(request: Request, template: str, report: Alerting | AlertDetail) -> Response:
        return templates.page(template, _shown(parts, request, report))

    @router.get(ALERTS)
    def page(request: Request) -> Response:
        """Answer the alerts that stand."""
        return show(request, "alerts.html", read(request))

    @router.get(f"{ALERTS}.json")
    def as_json(request: Request) -> JSONResponse:
        """Answer the alerts that stand as JSON."""
        return JSONResponse(document(read(request)))

    @router.get(WHY)
    def why(request: Request) -> Response:
        """Answer one alert with why it was told or not."""
        return show(request, "alert_why.html", read_one(request))

    @router.get(f"{WHY}.json")
    def why_as_json(request: Request) -> JSONResponse:
        """Answer the same as JSON."""
        return JSONResponse(document(read_one(request)))

    @router.post(f"{ALERTS}/handle")
    def handle(request: Request, form: Annotated[dict[str, str], Depends(own_form)]) -> Response:
        """Do what a form of the page says, and show the page again."""
        _do(parts, form, asker(request, "", "pages"))
        return RedirectResponse(_back(form), 303)

    return router


def _shown(parts: SiteParts, request: Request, report: Alerting | AlertDetail) -> dict[str, Any]:
    """Return what the pages show: the list with its choices, or one alert with its history, and what may be done."""
    teams = parts.teams()
    links = Links(read_view(parts, request.query_params), ALERTS)
    shown = _choices(report) if isinstance(report, Alerting) else {"history": history(report)}
    return {
        "report": report,
        "links": links,
        "teams": links.teams(teams),
        "names": {team: shown_name(teams, team) for team in (*teams, *RESERVED_OWNERS)},
        "why": why_address,
        "channels": tuple(parts.channels()),
        "is_admin": _is_admin(request),
        "cost_of": partial(_cost_of, links) if parts.explain is not None else lambda _: "",
        **shown,
    }


def _is_admin(request: Request) -> bool:
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor is None or visitor.role == "admin"


def alerts_asked(query: Mapping[str, str]) -> AlertsAsked:
    """Return which alerts an address asks for; raises BadQueryError for a standing that there is not."""
    status = query.get("status") or "open"
    found = next((each for each in STANDINGS if each == status), None)
    if found is None:
        raise BadQueryError(f"status={status!r} is nothing that an alert is; write one of {', '.join(STANDINGS)}")
    team, kind, severity = (query.get(word) or None for word in ("team", "kind", "severity"))
    return AlertsAsked(team, kind, severity, found)


def _choices(report: Alerting) -> dict[str, Any]:
    """Return the standings to choose from with their addresses, and the filters that are chosen."""
    kept = {word: value for word in ("team", "kind", "severity") if (value := getattr(report, word)) is not None}
    chosen = kept | ({"status": report.status} if report.status != "open" else {})

    def at(**words: str) -> str:
        asked = {word: value for word, value in {**chosen, **words}.items() if (word, value) != ("status", "open")}
        return f"{ALERTS}?{urlencode(asked)}" if asked else ALERTS

    def without(word: str) -> str:
        asked = {each: value for each, value in chosen.items() if each != word}
        return f"{ALERTS}?{urlencode(asked)}" if asked else ALERTS

    return {
        "standings": tuple(Link(status, at(status=status), status == report.status) for status in STANDINGS),
        "kept": tuple((word, value, without(word)) for word, value in kept.items()),
        "here": at(),
    }


def _back(form: Mapping[str, str]) -> str:
    """Return where a form came from: the page of one alert, the list as it was, or the whole list."""
    back = form.get("back", "")
    if back == "why":
        return why_address(form["key"])
    return back if back.startswith(f"{ALERTS}?") else ALERTS


def _cost_of(links: Links, alert: OpenAlert) -> str:
    """Return where the cost of the days comes from that an alert is about, "" where it is about no team's money."""
    if not alert.team or alert.amount is None:
        return ""
    first = min(alert.started_at, alert.last_seen).date()
    days = Span(first, alert.last_seen.date() + timedelta(days=1))
    return replace(links, view=replace(links.view, period=days)).explain_part(alert.team)


def why_address(key: str) -> str:
    """Return the address of one alert."""
    return f"{WHY}?{urlencode({'key': key})}"


def _do(parts: SiteParts, form: Mapping[str, str], by: str) -> None:
    """Do one thing. Raises HTTPException for what the page does not send."""
    now, engine, note = parts.clock(), parts.engine, form.get("note", "")
    action = form.get("action")
    if action == "take_back":
        take_back(engine, number_in(form), by, now)
        return
    key, handling = form.get("key", ""), Handling(by, now, note)
    if action == "acknowledge":
        acknowledge(engine, [key], handling)
    elif action == "snooze":
        snooze(engine, [key], end_of(form.get("for") or _SNOOZED_FOR, None, now), handling)
    elif action == "fire_again":
        fire_again(engine, [key], handling)
    elif action == "not_a_problem":
        give_feedback(engine, key, Told(by, now, note=note))
    elif action == "planned":
        give_feedback(engine, key, Told(by, now, end_of(None, form.get("until", ""), now), note))
    else:
        raise HTTPException(400, "that is nothing that the page sends")
