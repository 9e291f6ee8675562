"""Who may change budgets, how they stand, and a change as it is asked for: what the form and the API share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from fastapi import HTTPException, Request

from attributor.ledger.budget_edits import BudgetEdit, last_edits, record_edit
from attributor.reports.edited_budgets import TeamBudget, team_budget
from attributor.reports.owners import UnknownTeamError, near_teams
from attributor.web.access.asking import asker
from attributor.web.access.visitor import Visitor
from attributor.web.parts import Budgeting, SiteParts

AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,6})?"
"""How money a month is written."""
_AMOUNT = re.compile(AMOUNT, re.ASCII)


class ChangeError(ValueError):
    """A change cannot be taken; the message says which form it has."""


@dataclass(frozen=True)
class Change:
    """What somebody asks for: `monthly` None takes the file's budget again.

    `seen` is the last revision that they saw, 0 for none, and None where that is of no concern to them.
    """

    monthly: Decimal | None
    reason: str
    seen: int | None
    by: str = ""


def edited_budgets(parts: SiteParts) -> Mapping[str, TeamBudget]:
    """Return the budgets of teams that were ever changed, of those that whoever asks may see."""
    if parts.budgeting is None:
        return {}
    teams, edits = parts.budgeting.in_file(), last_edits(parts.engine)
    return {name: team_budget(teams[name], edits[name]) for name in parts.teams() if name in edits}


def may_edit(parts: SiteParts, visitor: Visitor | None) -> bool:
    """Return whether somebody may change budgets."""
    return parts.budgeting is not None and visitor is not None and visitor.role in parts.budgeting.editors


def allowed(parts: SiteParts, request: Request) -> Budgeting:
    """Return what lets whoever asks change budgets. Raises HTTPException where nobody may, or they may not."""
    if parts.budgeting is None:
        raise HTTPException(404, "budgets are changed in the rules file")
    if not may_edit(parts, request.state.visitor):
        raise HTTPException(403, f"budgets are changed by {' and '.join(sorted(parts.budgeting.editors))}")
    return parts.budgeting


def standing(parts: SiteParts, request: Request, team: str) -> TeamBudget:
    """Return how a team's budget stands, for whoever may change it. Raises HTTPException, UnknownTeamError."""
    teams = allowed(parts, request).in_file()
    if team not in teams:
        raise UnknownTeamError(team, near_teams(teams, team))
    return team_budget(teams[team], last_edits(parts.engine).get(team))


def is_new(change: Change, stands: TeamBudget) -> bool:
    """Return whether a change changes anything."""
    return stands.state == "edited" if change.monthly is None else change.monthly != stands.monthly


def write_change(parts: SiteParts, request: Request, stands: TeamBudget, change: Change, unknown: str) -> None:
    """Write a change of a budget as it stands, by `unknown` where nobody says who asks.

    Raises ChangeError, EditedMeanwhileError.
    """
    reason = " ".join(change.reason.split())
    if not reason:
        raise ChangeError("say why: the reason stands beside the budget")
    by, last = asker(request, change.by, unknown), stands.edit.revision if stands.edit else 0
    edit = BudgetEdit(stands.team, change.monthly, stands.in_file, reason, by, parts.clock())
    record_edit(parts.engine, edit, last if change.seen is None else change.seen)


def amount(text: str) -> Decimal:
    """Read money a month. Raises ChangeError."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise ChangeError(f"{text!r} is not money a month; write it as 42000 or 42000.50")
    return Decimal(text.strip())
