"""Shared teams: chains, mutual service, dates, and those whose cost has no way out."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

DAY = datetime(2026, 10, 14, tzinfo=UTC)
TEAMS = "teams: {search: , ads: , platform: , data: }\n"


def rules(*lines):
    return TEAMS + "rules:\n" + "".join(f"  - {line}\n" for line in lines)


def test_a_shared_team_goes_on_by_usage_without_its_own_and_the_row_says_so(engine, charge, used):
    text = rules("{name: tag, match: {tags.team: present}, owner: {team: tags.team}}") + (
        "shared:\n  - {team: platform, split: {by: requests}}\n"
    )
    usage = [used("requests", "search", 1), used("requests", "ads", 3), used("requests", "platform", 96)]
    rows = engine.rows(engine.attribute(text, [charge(8, tags_team="platform")], usage))
    assert [(row.team, row.cost, row.rule, row.shared_step) for row in rows] == [
        ("ads", Decimal(6), "tag", "platform"),
        ("search", Decimal(2), "tag", "platform"),
    ]


def test_a_shared_team_that_nobody_used_keeps_its_cost_and_is_warned_of(engine, charge):
    text = rules("{owner: platform}") + "shared:\n  - {team: platform, split: {by: requests}}\n"
    attribution = engine.attribute(text, [charge(8)])
    assert [(row.team, row.shared_step) for row in engine.rows(attribution)] == [("platform", "")]
    assert "so it keeps its cost" in attribution.warnings[0]


@pytest.mark.parametrize("depth", [1, 2, 12])
def test_a_chain_of_any_depth_ends_with_those_outside(engine, charge, depth):
    """Each provider gives half to the last consumer and half to the next one; the last gives all."""
    names = [f"p{number}" for number in range(depth)]
    entries = [
        f"  - {{team: {name}, split: {{fixed: {{user: 1, {after}: 1}}}}}}"
        for name, after in zip(names, [*names[1:], "rest"], strict=True)
    ]
    text = "\n".join(
        [f"teams: {{user: , rest: , {': , '.join(names)}: }}", "rules: [{name: all, owner: p0}]", "shared:", *entries]
    )
    found = engine.by_team(text, [charge(4096)])
    assert found == {"rest": Decimal(4096) / 2**depth, "user": 4096 - Decimal(4096) / 2**depth}


def test_mutual_service_that_begins_on_a_day_is_solved_from_that_day_on(engine, charge):
    """On the first day a's 30 goes to x alone. From then b gives back half of what it gets: a's 30 = 10 + 10 + 10.

    Of a's cost a third goes to x, the rest to b, and half of b's to y, half back to a: with s = share that ends at x,
    s = 1/3 + 2/3 * 1/2 * s, so s = 1/2, and y bears the other half.
    """
    text = """
    teams: {a: , b: , x: , y: }
    rules: [{name: all, owner: a}]
    shared:
      - {team: a, split: {fixed: {x: 1}}, until: 2026-10-14}
      - {team: a, split: {fixed: {x: 1, b: 2}}, from: 2026-10-14}
      - {team: b, split: {fixed: {a: 1, y: 1}}, from: 2026-10-14}
    """
    start = DAY - timedelta(days=1)
    charges = [charge(30, ChargePeriodStart=start, ChargePeriodEnd=DAY), charge(30)]
    assert engine.by_team(text, charges) == {"x": 45, "y": 15}


def test_teams_that_only_used_each_other_on_a_day_keep_their_cost_and_are_warned_of(engine, charge, used):
    text = """
    teams: {a: , b: , x: }
    rules: [{name: tag, owner: {team: tags.team}}]
    shared: [{team: a, split: {by: runs}}, {team: b, split: {by: calls}}]
    """
    usage = [used("runs", "b", 1), used("calls", "a", 1)]
    attribution = engine.attribute(text, [charge(3, tags_team="a"), charge(4, tags_team="b")], usage)
    assert [(row.team, row.cost, row.shared_step) for row in engine.rows(attribution)] == [("a", 3, ""), ("b", 4, "")]
    assert len(attribution.warnings) == 2
    assert "nobody outside used it on 2026-10-14" in attribution.warnings[0]


def test_a_row_says_through_whom_it_came_once_however_many_steps_there_were(engine, charge):
    text = """
    teams: {a: , b: , x: }
    rules: [{name: all, owner: a}]
    shared: [{team: a, split: {fixed: {b: 1, x: 1}}}, {team: b, split: {fixed: {x: 1}}}]
    """
    steps = defaultdict(Decimal)
    for row in engine.rows(engine.attribute(text, [charge(8)])):
        steps[row.team, row.shared_step] += row.cost
    assert steps == {("x", "a"): 8}


TAGGED = "{name: tag, match: {tags.team: present}, owner: {team: tags.team}}"


def test_a_shared_team_goes_on_by_what_its_consumers_cost_before_any_rule_by_cost(engine, charge):
    """Search and ads cost 1 and 3; what the fee gives them is no weight, nor is what another shared team costs."""
    text = rules(TAGGED, "{name: fee, split: {by: cost, among: [search]}}") + (
        "shared:\n  - {team: platform, split: {by: cost}}\n  - {team: data, split: {fixed: {ads: 1}}}\n"
    )
    costs = {"search": 1, "ads": 3, "platform": 80, "data": 100}
    charges = [*(charge(cost, tags_team=team) for team, cost in costs.items()), charge(500)]
    passed = {
        (row.team, row.shared_step): row.cost for row in engine.rows(engine.attribute(text, charges)) if row.shared_step
    }
    assert passed == {("search", "platform"): 20, ("ads", "platform"): 60, ("ads", "data"): 100}


def test_a_shared_team_that_another_names_bears_its_part_by_its_own_cost_and_passes_it_on(engine, charge):
    text = rules(TAGGED) + (
        "shared:\n  - {team: platform, split: {by: cost, among: [search, data]}}\n"
        "  - {team: data, split: {fixed: {ads: 1}}}\n"
    )
    charges = [charge(cost, tags_team=team) for team, cost in {"search": 1, "data": 3, "platform": 80}.items()]
    assert engine.by_team(text, charges) == {"search": 21, "ads": 63}


def test_what_a_shared_team_costs_in_a_currency_goes_on_by_what_its_consumers_cost_in_it(engine, charge):
    text = rules(TAGGED) + "shared:\n  - {team: platform, split: {by: cost}}\n"
    charges = [
        *(charge(cost, tags_team=team) for team, cost in {"search": 1, "ads": 3, "platform": 8}.items()),
        *(charge(cost, tags_team=team, BillingCurrency="EUR") for team, cost in {"ads": 5, "platform": 8}.items()),
    ]
    assert engine.by_team(text, charges) == {"search": 3, "ads": 22}


@pytest.mark.parametrize(
    ("without", "found"),
    [
        ("", {("platform", "", ""): 8, ("search", "", ""): -2}),
        (", without_usage: even", {("ads", "platform", "even:zero"): 4, ("search", "platform", "even:zero"): 4}),
        (", without_usage: unattributed", {("unattributed", "platform", "unattributed:zero"): 8}),
    ],
)
def test_a_shared_team_whose_consumers_cost_nothing_keeps_its_cost_or_goes_where_the_rule_says(
    engine, charge, without, found
):
    text = f"""
    teams: {{search: , ads: , platform: }}
    rules: [{{name: tag, owner: {{team: tags.team}}}}]
    shared: [{{team: platform, split: {{by: cost, among: [search, ads]{without}}}}}]
    """
    rows = engine.rows(engine.attribute(text, [charge(8, tags_team="platform"), charge(-2, tags_team="search")]))
    costs = {(row.team, row.shared_step, row.fallback): row.cost for row in rows}
    assert costs == {("search", "", ""): -2, **found}


def test_what_shared_teams_only_give_each_other_by_cost_is_a_problem_where_the_rules_show_it(read):
    text = "teams: {a: , b: }\nshared:\n  - {team: a, split: {by: cost, among: [b]}}\n" + (
        "  - {team: b, split: {by: cost, among: [a, b]}}\n"
    )
    assert [problem.line for problem in read(text).problems] == [3, 4]
