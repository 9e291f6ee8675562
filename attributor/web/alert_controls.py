"""What admins do on the alerts page for everybody: silences set and ended, channels tested."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from attributor.ledger.silences import end_silence
from attributor.web.access.asking import asker
from attributor.web.alert_forms import Silenced
from attributor.web.bodies import LARGEST_NUMBER
from attributor.web.channel_tests import tested_channel
from attributor.web.links import ALERTS, Links
from attributor.web.own_forms import own_form
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.silencing import set_silence
from attributor.web.templating import Templates

_NOBODY = "pages"
_REFUSED = 502


def alert_control_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return what the forms of silences and channels send."""
    router = APIRouter()

    @router.post(f"{ALERTS}/silences")
    def silences(request: Request, form: Annotated[dict[str, str], Depends(own_form)]) -> Response:
        """Set or end a silence, and show the page again."""
        if form.get("action") == "end":
            end_silence(parts.engine, number_in(form), parts.clock())
        else:
            set_silence(parts, _silenced(form), asker(request, "", _NOBODY))
        return RedirectResponse(ALERTS, 303)

    @router.post(f"{ALERTS}/test")
    def test(request: Request, form: Annotated[dict[str, str], Depends(own_form)]) -> Response:
        """Send a test message to a channel, and say what became of it."""
        found = tested_channel(parts, form.get("channel", ""))
        links = Links(read_view(parts, request.query_params), ALERTS)
        context = {"tested": found, "links": links, "teams": links.teams(parts.teams())}
        page = templates.page("alert_tested.html", context)
        page.status_code = 200 if found.accepted else _REFUSED
        return page

    return router


def number_in(form: Mapping[str, str]) -> int:
    """Return the number that a form names. Raises HTTPException."""
    number = form.get("id", "")
    if not number.isascii() or not number.isdigit() or not 0 < int(number) <= LARGEST_NUMBER:
        raise HTTPException(400, "id is not a number")
    return int(number)


def _silenced(form: Mapping[str, str]) -> Silenced:
    team, severity, kind, key = (form.get(name, "").split() for name in ("team", "severity", "kind", "key"))
    return Silenced(form.get("reason", "").strip(), team, severity, kind, key, form.get("for", ""))
