"""/api/v1/budgets/{team}: a program reads and changes a team's monthly budget, where the configuration lets it.

Changes take JSON alone, so that no other site's form can make them.
"""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from msgspec import Meta

from attributor.ledger.budget_edits import EditedMeanwhileError
from attributor.reports.document import document
from attributor.reports.edited_budgets import TeamBudget
from attributor.web.bodies import LARGEST_NUMBER, json_body
from attributor.web.budget_changes import AMOUNT, Change, ChangeError, amount, is_new, standing, write_change
from attributor.web.described import BODY_REFUSED, NOT_FOUND, answers, body, documented, refused
from attributor.web.parts import SiteParts

_NOBODY = "API"
_CHANGED = refused(409, "Somebody changed it since the `revision` that is named")
_STANDS = answers(documented(TeamBudget), NOT_FOUND)
Why = Annotated[str, Query(min_length=1, max_length=500, description="Why: it stands beside the budget")]
Seen = Annotated[int | None, Query(ge=0, le=LARGEST_NUMBER, description="The `revision` that was seen, 0 for none")]


class BudgetAsked(msgspec.Struct, forbid_unknown_fields=True):
    """A team's budget a month, and why; `revision` is the one that its author saw, 0 for none."""

    monthly: Annotated[str, Meta(pattern=f"^{AMOUNT}$", max_length=20)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    revision: Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)] | None = None
    by: Annotated[str, Meta(max_length=200)] = ""


def budget_api_routes(parts: SiteParts) -> APIRouter:
    """Return the routes that read and change one team's budget."""
    router = APIRouter(prefix="/api/v1/budgets", tags=["budgets"])

    @router.get("/{team:path}", responses=_STANDS)
    def stands(team: str, request: Request) -> JSONResponse:
        """Answer what a team's budget is, what the rules file says, and its last change."""
        return JSONResponse(document(standing(parts, request, team)))

    @router.put("/{team:path}", responses=answers(_STANDS, _CHANGED, BODY_REFUSED), openapi_extra=body(BudgetAsked))
    def put(
        team: str, request: Request, asked: Annotated[BudgetAsked, Depends(json_body(BudgetAsked))]
    ) -> JSONResponse:
        """Set a team's budget; the same again changes nothing."""
        return _changed(parts, request, team, Change(amount(asked.monthly), asked.reason, asked.revision, asked.by))

    @router.delete("/{team:path}", responses=answers(_STANDS, _CHANGED))
    def back(team: str, request: Request, reason: Why, revision: Seen = None) -> JSONResponse:
        """Take what the rules file says again; where it holds already, nothing is changed."""
        return _changed(parts, request, team, Change(None, reason, revision))

    return router


def _changed(parts: SiteParts, request: Request, team: str, change: Change) -> JSONResponse:
    before = standing(parts, request, team)
    if is_new(change, before):
        try:
            write_change(parts, request, before, change, _NOBODY)
        except ChangeError as error:
            raise HTTPException(400, str(error)) from None
        except EditedMeanwhileError:
            raise HTTPException(409, "somebody changed this budget meanwhile; read it and send yours again") from None
    return JSONResponse(document(standing(parts, request, team)))
