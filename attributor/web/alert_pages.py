"""The alerts page: what stands, why it was told, and what is done about it by plain forms."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from alerts.alert import Handling
from attributor.ledger.alert_handling import acknowledge, fire_again, snooze
from attributor.ledger.engine import reading
from attributor.ledger.feedback import Told, give_feedback, take_back
from attributor.ledger.silences import end_silence
from attributor.reports.alert_detail import AlertDetail, alert_detail
from attributor.reports.alerting import Alerting, alerting
from attributor.reports.document import document
from attributor.reports.owners import RESERVED_OWNERS, shown_name
from attributor.web.access.asking import asker
from attributor.web.links import ALERTS, Links
from attributor.web.own_forms import own_form
from attributor.web.parts import SiteParts
from attributor.web.queries import BadQueryError, read_view
from attributor.web.templating import Templates

_SNOOZED_FOR = timedelta(days=1)
WHY = f"{ALERTS}/why"


def alert_page_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return /alerts and /alerts/why with their JSON, and what their forms send."""
    router = APIRouter()

    def read(request: Request) -> Alerting:
        query = request.query_params
        return alerting(parts.engine, parts.clock(), query.get("team"), query.get("kind"))

    def read_one(request: Request) -> AlertDetail:
        key = request.query_params.get("key", "")
        with reading(parts.engine) as connection:
            found = alert_detail(connection, key)
        if found is None:
            raise BadQueryError(f"no alert has the key {key!r}")
        return found

    def show(request: Request, template: str, report: Alerting | AlertDetail) -> Response:
        teams = parts.teams()
        links = Links(read_view(parts, request.query_params), ALERTS)
        names = {team: shown_name(teams, team) for team in (*teams, *RESERVED_OWNERS)}
        context = {"report": report, "links": links, "teams": links.teams(teams), "names": names, "why": why_address}
        return templates.page(template, context)

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
        return RedirectResponse(why_address(form["key"]) if form.get("back") == "why" else ALERTS, 303)

    return router


def why_address(key: str) -> str:
    """Return the address of one alert."""
    return f"{WHY}?{urlencode({'key': key})}"


def _do(parts: SiteParts, form: Mapping[str, str], by: str) -> None:
    """Do one thing. Raises HTTPException for what the page does not send."""
    now, engine, note = parts.clock(), parts.engine, form.get("note", "")
    action = form.get("action")
    if action in {"end_silence", "take_back"}:
        number = form.get("id", "")
        if not number.isascii() or not number.isdigit():
            raise HTTPException(400, "id is not a number")
        end_silence(engine, int(number), now) if action == "end_silence" else take_back(engine, int(number), by, now)
        return
    key, handling = form.get("key", ""), Handling(by, now, note)
    if action == "acknowledge":
        acknowledge(engine, [key], handling)
    elif action == "snooze":
        snooze(engine, [key], now + _SNOOZED_FOR, handling)
    elif action == "fire_again":
        fire_again(engine, [key], handling)
    elif action == "not_a_problem":
        give_feedback(engine, key, Told(by, now, note=note))
    else:
        raise HTTPException(400, "that is nothing that the page sends")
