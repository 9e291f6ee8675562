"""/budgets/edit: a team's budget is changed by a plain form, with a reason, and against what its author had seen."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from attributor.ledger.budget_edits import BudgetEdit, EditedMeanwhileError, edits_of, last_edits, record_edit
from attributor.reports.edited_budgets import TeamBudget, edits_yaml, team_budget
from attributor.reports.owners import UnknownTeamError
from attributor.web.access.asking import asker
from attributor.web.access.visitor import Visitor
from attributor.web.links import Links
from attributor.web.own_forms import own_form
from attributor.web.parts import Budgeting, SiteParts
from attributor.web.queries import read_view
from attributor.web.templating import Templates

BUDGETS = "/budgets"
EDIT = f"{BUDGETS}/edit"
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)


class _FormError(ValueError):
    """A field cannot be taken; the message says which form it has."""


def budget_form_routes(parts: SiteParts, templates: Templates) -> APIRouter:
    """Return the form, what it sends, and the changed budgets as the rules file would write them."""
    router = APIRouter()

    def shown(request: Request, team: str, typed: Mapping[str, str], problem: str = "", status: int = 200) -> Response:
        links = Links(read_view(parts, request.query_params), EDIT)
        context: dict[str, Any] = {
            "links": links,
            "teams": links.teams(parts.teams()),
            "team": _allowed(parts, request).in_file()[team],
            "stands": _stands(parts, request, team),
            "edits": edits_of(parts.engine, team),
            "typed": typed,
            "problem": problem,
        }
        return templates.page("budget_edit.html", context, status)

    @router.get(EDIT)
    def form(request: Request, team: str = "") -> Response:
        """Answer the form of one team, with every change that was made."""
        return shown(request, _known(parts, request, team), {})

    @router.post(EDIT)
    def change(request: Request, sent: Annotated[dict[str, str], Depends(own_form)]) -> Response:
        """Change a team's budget, or take the file's again."""
        team = _known(parts, request, sent.get("team", ""))
        try:
            edit = _edit(parts, request, sent, _stands(parts, request, team))
            record_edit(parts.engine, edit, _revision(sent))
        except _FormError as error:
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
        return PlainTextResponse(edits_yaml(_allowed(parts, request).in_file(), last_edits(parts.engine)))

    return router


def edited_budgets(parts: SiteParts) -> Mapping[str, TeamBudget]:
    """Return the budgets of teams that were ever changed, of those that whoever asks may see."""
    if parts.budgeting is None:
        return {}
    teams, edits = parts.budgeting.in_file(), last_edits(parts.engine)
    return {name: team_budget(teams[name], edits[name]) for name in parts.teams() if name in edits}


def may_edit(parts: SiteParts, visitor: Visitor | None) -> bool:
    """Return whether somebody may change budgets."""
    return parts.budgeting is not None and visitor is not None and visitor.role in parts.budgeting.editors


def _allowed(parts: SiteParts, request: Request) -> Budgeting:
    if parts.budgeting is None:
        raise HTTPException(404, "budgets are changed in the rules file")
    if not may_edit(parts, request.state.visitor):
        raise HTTPException(403, f"budgets are changed by {' and '.join(sorted(parts.budgeting.editors))}")
    return parts.budgeting


def _known(parts: SiteParts, request: Request, team: str) -> str:
    if team not in _allowed(parts, request).in_file():
        raise UnknownTeamError(team, ())
    return team


def _stands(parts: SiteParts, request: Request, team: str) -> TeamBudget:
    return team_budget(_allowed(parts, request).in_file()[team], last_edits(parts.engine).get(team))


def _edit(parts: SiteParts, request: Request, sent: Mapping[str, str], stands: TeamBudget) -> BudgetEdit:
    reason = " ".join(sent.get("reason", "").split())
    if not reason:
        raise _FormError("say why: the reason stands beside the budget")
    monthly = None if sent.get("action") == "back" else _amount(sent.get("monthly", ""))
    if stands.state != "edited" if monthly is None else monthly == stands.monthly:
        raise _FormError("that is the budget already")
    return BudgetEdit(stands.team, monthly, stands.in_file, reason, asker(request, "", "pages"), parts.clock())


def _amount(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text.strip()):
        raise _FormError(f"{text!r} is not money a month; write it as 42000 or 42000.50")
    return Decimal(text.strip())


def _revision(sent: Mapping[str, str]) -> int:
    text = sent.get("revision", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise _FormError("the form is not whole; open it again")
    return int(text)
