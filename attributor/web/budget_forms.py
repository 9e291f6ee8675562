"""/budgets/edit: a team's budget is changed by a plain form, with a reason, and against what its author had seen."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from attributor.ledger.budget_edits import EditedMeanwhileError, edits_of, last_edits
from attributor.reports.edited_budgets import edits_yaml
from attributor.web.budget_changes import Change, ChangeError, allowed, amount, is_new, standing, write_change
from attributor.web.links import Links
from attributor.web.own_forms import own_form
from attributor.web.parts import SiteParts
from attributor.web.queries import read_view
from attributor.web.templating import Templates

BUDGETS = "/budgets"
EDIT = f"{BUDGETS}/edit"


def budget_form_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return the form, what it sends, and the changed budgets as the rules file would write them."""
    router = APIRouter()

    def shown(request: Request, team: str, typed: Mapping[str, str], problem: str = "", status: int = 200) -> Response:
        links = Links(read_view(parts, request.query_params), EDIT)
        context: dict[str, Any] = {
            "links": links,
            "teams": links.teams(parts.teams()),
            "team": allowed(parts, request).in_file()[team],
            "stands": standing(parts, request, team),
            "edits": edits_of(parts.engine, team),
            "typed": typed,
            "problem": problem,
        }
        return templates.page("budget_edit.html", context, status)

    @router.get(EDIT)
    def form(request: Request, team: str = "") -> Response:
        """Answer the form of one team, with every change that was made."""
        return shown(request, standing(parts, request, team).team, {})

    @router.post(EDIT)
    def change(request: Request, sent: Annotated[dict[str, str], Depends(own_form)]) -> Response:
        """Change a team's budget, or take the file's again."""
        stands = standing(parts, request, sent.get("team", ""))
        team = stands.team
        try:
            change = _change(sent)
            if not is_new(change, stands):
                raise ChangeError("that is the budget already")
            write_change(parts, request, stands, change, "pages")
        except ChangeError as error:
            return shown(request, team, sent, str(error), 400)
        except EditedMeanwhileError:
            said = (
                "somebody changed this budget while you looked at it: see below, and send yours again if it still holds"
            )
            return shown(request, team, sent, said, 409)
        return RedirectResponse(BUDGETS, 303)

    @router.get(f"{BUDGETS}/edited.yaml")
    def edited(request: Request) -> Response:
        """Answer what the rules file does not say yet."""
        return PlainTextResponse(edits_yaml(allowed(parts, request).in_file(), last_edits(parts.engine)))

    return router


def _change(sent: Mapping[str, str]) -> Change:
    monthly = None if sent.get("action") == "back" else amount(sent.get("monthly", ""))
    return Change(monthly, sent.get("reason", ""), _revision(sent))


def _revision(sent: Mapping[str, str]) -> int:
    text = sent.get("revision", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ChangeError("the form is not whole; open it again")
    return int(text)
