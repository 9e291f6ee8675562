"""/api/v1/alerts: what stands and why, and what people do about it, as `attributor alerts` does.

Changes take JSON alone, so that no other site's form can make them.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse

from alerts.alert import AlertState, Handling
from attributor.ledger.alert_handling import acknowledge, fire_again, snooze
from attributor.ledger.engine import reading
from attributor.ledger.feedback import Told, all_feedback, give_feedback, take_back
from attributor.ledger.silences import end_silence, lasting_silences
from attributor.reports.alert_detail import AlertDetail, WhyTold, alert_detail, why_document
from attributor.reports.document import document
from attributor.reports.feedback import feedback_document
from attributor.reports.open_alerts import OpenAlerts, open_alerts
from attributor.reports.questions.asked import team_asked
from attributor.reports.silences import silence_document
from attributor.web.access.asking import asker
from attributor.web.alert_forms import (
    Handled,
    HandledAlert,
    HandledAlerts,
    LessonShown,
    Silenced,
    SilenceShown,
    Taught,
    Tested,
)
from attributor.web.bodies import LARGEST_NUMBER, end_of, json_body
from attributor.web.channel_tests import ChannelTested, tested_channel
from attributor.web.described import (
    BODY_REFUSED,
    NOT_FOUND,
    answers,
    body,
    documented,
    in_json,
    list_of,
    struct_schema,
)
from attributor.web.parts import SiteParts, books_of
from attributor.web.silencing import set_silence

_NOBODY = "API"
Key = Annotated[str, Query(max_length=500, description="An alert's key")]
Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="Its `id`")]
OfTeam = Annotated[str | None, Query(max_length=200, description="Only this team's")]
By = Annotated[str, Query(max_length=200, description="Who does it")]
_HANDLED = answers(documented(HandledAlerts), documented(HandledAlerts, status=404), BODY_REFUSED)
_SILENCE, _LESSON = struct_schema(SilenceShown), struct_schema(LessonShown)


def alert_routes(parts: SiteParts) -> APIRouter:
    """Return the routes that read and handle alerts."""
    router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

    @router.get("", responses=answers(documented(OpenAlerts), NOT_FOUND))
    def listed(team: OfTeam = None) -> JSONResponse:
        """Answer the alerts that stand, of all teams or of one."""
        known = team_asked(team, books_of(parts))
        with reading(parts.engine) as connection:
            return JSONResponse(document(OpenAlerts(open_alerts(connection, known))))

    @router.get("/show", responses=answers(documented(AlertDetail), NOT_FOUND))
    def show(key: Key) -> JSONResponse:
        """Answer one alert in full, with reasons and messages."""
        return JSONResponse(document(_detail(parts, key)))

    @router.get("/why", responses=answers(documented(WhyTold), NOT_FOUND))
    def why(key: Key) -> JSONResponse:
        """Answer why an alert was told or not, stage by stage."""
        with reading(parts.engine) as connection:
            found = why_document(connection, key)
        if found is None:
            raise HTTPException(404, f"no alert has the key {key!r}")
        return JSONResponse(found)

    @router.post("/ack", responses=_HANDLED, openapi_extra=body(Handled))
    def ack(request: Request, asked: Annotated[Handled, Depends(json_body(Handled))]) -> JSONResponse:
        """Take alerts up, or let them fire again."""
        handling = Handling(asker(request, asked.by, _NOBODY), parts.clock(), asked.note)
        change = fire_again if asked.undo else acknowledge
        return _changed(asked.keys, change(parts.engine, asked.keys, handling))

    @router.post("/snooze", responses=_HANDLED, openapi_extra=body(Handled))
    def snoozed(request: Request, asked: Annotated[Handled, Depends(json_body(Handled))]) -> JSONResponse:
        """Keep alerts quiet for a while."""
        now = parts.clock()
        until = end_of(asked.length, asked.until, now)
        handling = Handling(asker(request, asked.by, _NOBODY), now, asked.note)
        return _changed(asked.keys, snooze(parts.engine, asked.keys, until, handling))

    @router.post(
        "/test", responses=answers(documented(ChannelTested), NOT_FOUND, BODY_REFUSED), openapi_extra=body(Tested)
    )
    def tested(asked: Annotated[Tested, Depends(json_body(Tested))]) -> JSONResponse:
        """Send a test message to a channel, and answer whether it took it."""
        return JSONResponse(document(tested_channel(parts, asked.channel)))

    return router


def silence_routes(parts: SiteParts) -> APIRouter:
    """Return the routes of silences."""
    router = APIRouter(prefix="/api/v1/alerts/silences", tags=["alerts"])

    @router.get("", responses=answers(list_of("silences", _SILENCE)))
    def listed() -> JSONResponse:
        """Answer the silences that last."""
        found = lasting_silences(parts.engine, parts.clock())
        return JSONResponse({"silences": [silence_document(each) for each in found]})

    @router.post(
        "",
        status_code=201,
        responses=answers(in_json(_SILENCE, "The silence", 201), BODY_REFUSED),
        openapi_extra=body(Silenced),
    )
    def added(request: Request, asked: Annotated[Silenced, Depends(json_body(Silenced))]) -> JSONResponse:
        """Set a silence."""
        by = asker(request, asked.by, _NOBODY)
        return JSONResponse(silence_document(set_silence(parts, asked, by)), 201)

    @router.delete("/{number}", responses=answers(in_json(_SILENCE, "The silence, ended"), NOT_FOUND))
    def ended(number: Number) -> JSONResponse:
        """End a silence now."""
        found = end_silence(parts.engine, number, parts.clock())
        if found is None:
            raise HTTPException(404, f"no silence of the number {number} lasts")
        return JSONResponse(silence_document(found))

    return router


def feedback_routes(parts: SiteParts) -> APIRouter:
    """Return the routes of what is learned."""
    router = APIRouter(prefix="/api/v1/alerts/feedback", tags=["alerts"])

    @router.get("", responses=answers(list_of("feedback", _LESSON)))
    def listed() -> JSONResponse:
        """Answer everything that was ever learned."""
        return JSONResponse({"feedback": [feedback_document(each) for each in all_feedback(parts.engine)]})

    @router.post(
        "",
        status_code=201,
        responses=answers(in_json(_LESSON, "The lesson", 201), NOT_FOUND, BODY_REFUSED),
        openapi_extra=body(Taught),
    )
    def given(request: Request, asked: Annotated[Taught, Depends(json_body(Taught))]) -> JSONResponse:
        """Learn that an alert is no problem, or planned."""
        now = parts.clock()
        until = None if asked.planned_until is None else end_of(None, asked.planned_until, now)
        found = give_feedback(parts.engine, asked.key, Told(asker(request, asked.by, _NOBODY), now, until, asked.note))
        if found is None:
            raise HTTPException(404, f"no alert has the key {asked.key!r}")
        return JSONResponse(feedback_document(found), 201)

    @router.delete("/{number}", responses=answers(in_json(_LESSON, "The lesson, taken back"), NOT_FOUND))
    def taken_back(request: Request, number: Number, by: By = "") -> JSONResponse:
        """Forget a lesson."""
        found = take_back(parts.engine, number, asker(request, by, _NOBODY), parts.clock())
        if found is None:
            raise HTTPException(404, f"no lesson of the number {number} holds")
        return JSONResponse(feedback_document(found))

    return router


def _detail(parts: SiteParts, key: str) -> AlertDetail:
    with reading(parts.engine) as connection:
        found = alert_detail(connection, key)
    if found is None:
        raise HTTPException(404, f"no alert has the key {key!r}")
    return found


def _changed(keys: list[str], changed: tuple[AlertState, ...]) -> JSONResponse:
    rows = tuple(HandledAlert(state.alert.key, state.status, state.snoozed_until) for state in changed)
    missing = tuple(sorted(set(keys) - {row.key for row in rows}))
    return JSONResponse(document(HandledAlerts(rows, missing)), 404 if missing and not rows else 200)
