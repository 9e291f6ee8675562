"""A budget that was changed holds until the rules file says another."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from attributor.ledger.budget_edits import BudgetEdit
from attributor.reports.edited_budgets import edits_yaml, team_budget, with_edits
from rules.ruleset import Budget, Team

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
SEARCH = Team("search", budget=Budget(Decimal(42000), daily_hard=Decimal(3000), thresholds=(Decimal(50),)))
EDIT = BudgetEdit("search", Decimal(45000), Decimal(42000), "more\nusers", "ana", NOW, 1)


@pytest.mark.parametrize(
    ("in_file", "edit", "state", "monthly"),
    [
        (42000, None, "file", 42000),
        (42000, EDIT, "edited", 45000),
        (45000, EDIT, "taken_over", 45000),
        (50000, EDIT, "overtaken", 50000),
        (None, EDIT, "overtaken", None),
        (None, replace(EDIT, in_file=None), "edited", 45000),
        (42000, replace(EDIT, monthly=None), "file", 42000),
    ],
)
def test_it_holds_as_long_as_the_file_says_what_it_said_then(in_file, edit, state, monthly):
    team = Team("search", budget=None if in_file is None else Budget(Decimal(in_file)))
    found = team_budget(team, edit)
    assert (found.state, found.monthly) == (state, None if monthly is None else Decimal(monthly))
    [held] = with_edits([team], {} if edit is None else {"search": edit})
    assert (None if held.budget is None else held.budget.monthly) == found.monthly


def test_thresholds_and_daily_limits_stay_those_of_the_file():
    [held] = with_edits([SEARCH], {"search": EDIT})
    assert held == replace(SEARCH, budget=replace(SEARCH.budget, monthly=Decimal(45000)))


def test_what_the_file_does_not_say_yet_is_written_as_it_would_say_it():
    teams = {"search": SEARCH, "ads": Team("ads"), "data": Team("data", budget=Budget(Decimal(5)))}
    edits = {
        "search": EDIT,
        "ads": replace(EDIT, team="ads", in_file=None, monthly=Decimal("12.50")),
        "data": replace(EDIT, team="data"),
    }
    assert edits_yaml(teams, edits).splitlines() == [
        "teams:",
        "  search:  # ana, 2026-11-18: more users",
        "    budget: {monthly: 45000}  # and the rest as it is",
        "  ads:  # ana, 2026-11-18: more users",
        "    budget: 12.5",
    ]
    assert edits_yaml(teams, {}) == "teams: {}\n"
