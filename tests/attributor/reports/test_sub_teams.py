"""What a team costs with its sub-teams: every level sums to the one above."""

from dataclasses import replace
from decimal import Decimal

import pytest

from attributor.ledger.owner_filter import OwnerFilter
from attributor.periods import Month
from attributor.reports.budgets import budgets
from attributor.reports.narrowing import Filter
from attributor.reports.team import team_report
from attributor.reports.view import View
from rules.ruleset import Budget, Team

TEAMS = {
    "engineering": Team("engineering", "Engineering"),
    "search": Team("search", "Search", parent="engineering"),
    "ranking": Team("ranking", parent="search"),
    "ads": Team("ads", parent="engineering"),
    "sales": Team("sales"),
}


@pytest.fixture
def see(engine, now, put_cost):
    for team, cost in {"engineering": "1", "search": "2", "ranking": "4", "ads": "3", "sales": "50"}.items():
        put_cost(cost, team=team)

    def see(team: str, teams=TEAMS):
        return team_report(engine, teams, team, View(Month(2026, 10), now))

    return see


def test_sub_teams_roll_up_to_their_parent_level_by_level(see):
    found = see("engineering").family
    assert [(line.team, line.name, line.sub_teams, line.cost) for line in found.lines] == [
        ("engineering", "Engineering", 0, 1),
        ("search", "Search", 1, 6),
        ("ads", "ads", 0, 3),
    ]
    assert found.cost == sum(line.cost for line in found.lines) == 10
    assert see("engineering").total == 1
    assert see("search").family.cost == 6


def test_a_team_without_sub_teams_has_no_family_but_knows_its_parent(see):
    assert (see("ranking").family, see("ranking").parent) == (None, "search")
    assert (see("sales").family, see("sales").parent) == (None, "")


def test_whoever_may_not_see_a_sub_team_is_told_nothing_of_it(engine, see):
    owners = OwnerFilter(engine)
    with owners.seen_by(frozenset({"engineering", "ads"})):
        visible = {name: TEAMS[name] for name in owners.visible(TEAMS)}
        found = see("engineering", visible).family
    assert [(line.team, line.cost) for line in found.lines] == [("engineering", 1), ("ads", 3)]
    with owners.seen_by(frozenset({"search"})):
        alone = see("search", {"search": replace(TEAMS["search"])})
    assert (alone.parent, alone.family) == ("", None)


def test_budgets_of_a_family_are_told_as_their_sum_and_what_has_none_is_left_out(engine, now, see):
    given = {"search": 5, "ranking": 3, "ads": 4}
    teams = {name: replace(team, budget=Budget(Decimal(given[name]))) for name, team in TEAMS.items() if name in given}
    view = View(Month(2026, 10), now)
    found = budgets(engine, TEAMS | teams, view)
    top, middle = found.families
    assert (top.team, top.sub_teams, top.own, top.below, top.spent) == ("engineering", 3, 1, 9, 10)
    assert (top.own_budget, top.budget, top.spent_of_budget, top.used, top.without) == (None, 12, 9, Decimal("0.75"), 1)
    assert (middle.team, middle.own_budget, middle.budget, middle.spent, middle.without) == ("search", 5, 8, 6, 0)
    assert (found.budget, found.spent) == (12, 9), "each budget is counted once"
    kept = budgets(engine, TEAMS | teams, replace(view, filters=(Filter("team", ("search",)),)))
    assert kept.families == (middle,)


def test_a_family_without_any_budget_is_no_line_of_the_budgets(engine, now, see):
    assert budgets(engine, TEAMS, View(Month(2026, 10), now)).families == ()
