"""Teams that nothing was charged to are told of, but for those whose cost stands elsewhere."""

from datetime import date

from attributor.reports.reported import Reported, unreported
from rules.outcomes import CostSplit
from rules.ruleset import RuleSet, SharedTeam, Team

TEAMS = (
    Team("engineering"),
    Team("search", parent="engineering"),
    Team("platform"),
    Team("dissolved", end=date(2026, 9, 1)),
    Team("forgotten"),
)


def test_a_parent_a_shared_team_and_one_that_is_gone_need_no_cost_of_their_own():
    ruleset = RuleSet(teams=TEAMS, shared=(SharedTeam("platform", CostSplit()),))
    found = unreported(ruleset, Reported({}, frozenset({"search"}), frozenset()), "rules.yaml")
    assert [problem.message.split("`")[1] for problem in found] == ["forgotten"]
