"""Budgets of teams that others are a part of: what they spent together, and what their budgets come to.

A budget is its team's own. Nothing here is held against a limit: it is said what the sums are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from attributor.money import total
from attributor.reports.lines import ratio
from attributor.reports.outlook import NO_SPEND, Spend, spent_in
from attributor.reports.owners import shown_name
from attributor.reports.sub_teams import members
from attributor.reports.view import Frame
from rules.ruleset import Team


@dataclass(frozen=True)
class FamilyBudget:
    """A team with all teams below it, in effective cost.

    `own` is what the team spent itself, `below` what the `sub_teams` teams below it spent; both come to `spent`.
    `budget` is the sum of the budgets that they have, the team's `own_budget` among them, None where it has none; the
    `without` that have none are no part of `spent_of_budget`, of which `used` is the share of the budget.
    """

    team: str
    name: str
    sub_teams: int
    own: Decimal
    below: Decimal
    spent: Decimal
    own_budget: Decimal | None
    budget: Decimal
    spent_of_budget: Decimal
    used: Decimal | None
    without: int


def family_budgets(seen: Frame, teams: Mapping[str, Team], spends: Mapping[str, Spend]) -> tuple[FamilyBudget, ...]:
    """Return every team that others are a part of and that some budget is of, the most expensive first."""
    parents = {team.parent for team in teams.values() if team.parent in teams}
    found = [_family(seen, teams, parent, spends) for parent in parents]
    kept = [line for line in found if line.without <= line.sub_teams]
    return tuple(sorted(kept, key=lambda line: (line.spent.copy_negate(), line.team)))


def _family(seen: Frame, teams: Mapping[str, Team], parent: str, spends: Mapping[str, Spend]) -> FamilyBudget:
    everybody = members(teams, parent)
    spent = {name: spent_in(seen, spends.get(name, NO_SPEND).whole) for name in everybody}
    budgets = {name: found.monthly for name in everybody if (found := teams[name].budget) is not None}
    budget, of_budget = total(budgets.values()), total(spent[name] for name in budgets)
    return FamilyBudget(
        team=parent,
        name=shown_name(teams, parent),
        sub_teams=len(everybody) - 1,
        own=spent[parent],
        below=total(cost for name, cost in spent.items() if name != parent),
        spent=total(spent.values()),
        own_budget=budgets.get(parent),
        budget=budget,
        spent_of_budget=of_budget,
        used=ratio(of_budget, budget),
        without=len(everybody) - len(budgets),
    )
