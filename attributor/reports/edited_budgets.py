"""Budgets as they hold: what the rules file says, or what was changed on the page and the file does not say yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from attributor.ledger.budget_edits import BudgetEdit
from attributor.money import plain
from rules.ruleset import Budget, Team

State = Literal["file", "edited", "taken_over", "overtaken"]


@dataclass(frozen=True)
class TeamBudget:
    """A team's monthly budget as it holds, None for none, and where it comes from.

    `state`: `file`, nobody changed it; `edited`, it was changed on the page; `taken_over`, the file says the same by
    now; `overtaken`, the file was changed to something else since, and holds. `edit` is the last change, if any.
    """

    team: str
    monthly: Decimal | None
    in_file: Decimal | None
    state: State
    edit: BudgetEdit | None


def team_budget(team: Team, edit: BudgetEdit | None) -> TeamBudget:
    """Return how the budget of a team of the rules file stands after its last change."""
    in_file = None if team.budget is None else team.budget.monthly
    if edit is None or edit.monthly is None:
        return TeamBudget(team.id, in_file, in_file, "file", edit)
    if edit.in_file == in_file:
        return TeamBudget(team.id, edit.monthly, in_file, "edited", edit)
    return TeamBudget(team.id, in_file, in_file, "taken_over" if edit.monthly == in_file else "overtaken", edit)


def with_edits(teams: Iterable[Team], edits: Mapping[str, BudgetEdit]) -> tuple[Team, ...]:
    """Return the teams with the budgets that hold; thresholds and daily limits stay those of the file."""
    return tuple(_with_edit(team, edits.get(team.id)) for team in teams)


def edits_yaml(teams: Mapping[str, Team], edits: Mapping[str, BudgetEdit]) -> str:
    """Return the changed budgets that the rules file does not say yet, as it would write them under `teams:`."""
    found = ((team, edits[team.id]) for team in teams.values() if team.id in edits)
    lines = [line for team, edit in found if team_budget(team, edit).state == "edited" for line in _yaml(team, edit)]
    return "".join(f"{line}\n" for line in ("teams:", *lines)) if lines else "teams: {}\n"


def _with_edit(team: Team, edit: BudgetEdit | None) -> Team:
    found = team_budget(team, edit)
    if found.state != "edited" or found.monthly is None:
        return team
    budget = Budget(found.monthly) if team.budget is None else replace(team.budget, monthly=found.monthly)
    return replace(team, budget=budget)


def _yaml(team: Team, edit: BudgetEdit) -> Iterable[str]:
    budget = "" if edit.monthly is None else plain(edit.monthly)
    is_money_alone = team.budget is None or team.budget == Budget(team.budget.monthly)
    said = " ".join(f"{edit.made_by}, {edit.made_at:%Y-%m-%d}: {edit.reason}".split())
    yield f"  {team.id}:  # {said}"
    yield f"    budget: {budget}" if is_money_alone else f"    budget: {{monthly: {budget}}}  # and the rest as it is"
