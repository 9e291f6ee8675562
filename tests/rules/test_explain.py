"""From an amount to rules, weights and charges, every level summing to the one above."""

from decimal import Decimal

import pytest

from rules.explain import explain
from rules.explanation import Question

RULES = """
teams:
  search: {}
  ads: {}
  platform: {}
  data: {}
rules:
  - name: tag
    match: {tags.team: present}
    owner: {team: tags.team}
  - name: cluster
    match: {tags.cluster: gpu}
    split: {by: gpu.hours, pool: pool, per: hour, idle: holder}
  - name: support
    match: {ServiceName: Support}
    split: {by: cost}
shared:
  - {team: platform, split: {fixed: {search: 1, data: 2}}}
  - {team: data, split: {fixed: {ads: 1, platform: 2}}}
"""


@pytest.fixture
def question_of(engine, charge, used):
    charges = [
        charge("7.000000000001", tags_team="search", x_Origin="a:1", ServiceName="Compute"),
        *(charge(f"{cost}.01", hour=1, tags_cluster="gpu", x_Origin=f"a:{2 + cost}") for cost in range(5)),
        charge("-3.3", hour=1, tags_cluster="gpu", x_Origin="a:90", BilledCost="1"),
        charge("10", tags_team="platform", x_Origin="b:1"),
        charge("100.000000000007", ServiceName="Support", x_Origin="b:2"),
        charge("5", ServiceName="Other", x_Origin="b:3"),
    ]
    usage = [
        used("gpu.hours", "search", 3, hour=1),
        used("gpu.hours", "ads", 4, hour=1),
        used("gpu.busy_hours", "ads", 1, hour=1),
        used("gpu.capacity_hours", None, 8, hour=1),
    ]
    ruleset = engine.rules(RULES)
    tables = engine.resolved(engine.tables(charges, usage), ruleset)
    return lambda team, service=None, largest=20: explain(
        engine.connection, tables, ruleset, Question(team, (("ServiceName", service),) if service else ()), largest
    )


def _sum(costs):
    found = list(costs)
    return tuple(sum(getattr(one, name) for one in found) for name in ("billed", "effective", "list"))


def _three(costs):
    return costs.billed, costs.effective, costs.list


@pytest.mark.parametrize("team", ["search", "ads", "platform", "data", "idle", "unattributed"])
@pytest.mark.parametrize("largest", [0, 1, 20])
def test_every_level_sums_to_the_one_above(question_of, team, largest):
    answer = question_of(team, largest=largest)
    for currency in answer.currencies:
        assert _sum(part.costs for part in currency.parts) == _three(currency.costs)
        for part in currency.parts:
            assert _sum(weighing.costs for weighing in part.weighings) == _three(part.costs)
            for weighing in part.weighings:
                more = [weighing.more.share] if weighing.more else []
                assert _sum([*(one.share for one in weighing.charges), *more]) == _three(weighing.costs)
                assert sum(weight.share for weight in weighing.weights) in (0, 1)
                assert len(weighing.charges) <= largest


def test_the_explained_amounts_are_the_allocated_ones(question_of, engine):
    explained = {
        team: sum(currency.costs.effective for currency in question_of(team).currencies)
        for team in ("search", "ads", "idle", "unattributed")
    }
    assert sum(explained.values()) == Decimal("128.750000000008")
    assert explained["unattributed"] == Decimal(5)


def test_all_owners_shares_of_a_charge_are_the_charge(question_of):
    charged = {}
    for team in ("search", "ads", "platform", "data", "idle", "unattributed"):
        for currency in question_of(team).currencies:
            for part in currency.parts:
                for weighing in part.weighings:
                    for one in weighing.charges:
                        charged.setdefault((one.origin, one.effective), []).append(one.share.effective)
    assert len(charged) == 10
    for (_, effective), shares in charged.items():
        assert sum(shares) == effective


def test_a_usage_split_names_rule_line_metric_window_and_who_used_how_much(question_of):
    (currency,) = question_of("ads").currencies
    held = next(part for part in currency.parts if part.idle_cause == "held" and not part.shared_step)
    assert (held.rule, held.file, held.method) == ("cluster", "rules.yaml", "usage")
    assert held.line > 0
    (weighing,) = held.weighings
    assert (weighing.metric, weighing.pool) == ("gpu.hours", "pool")
    assert weighing.window_end.hour - weighing.window_start.hour == 1
    assert [(one.owner, one.idle_cause, one.quantity) for one in weighing.weights] == [
        ("ads", "", Decimal(1)),
        ("ads", "held", Decimal(3)),
        ("idle", "unallocated", Decimal(1)),
        ("search", "held", Decimal(3)),
    ]


def test_a_shared_step_says_where_the_whole_cost_went(question_of):
    (currency,) = question_of("ads").currencies
    step = next(part for part in currency.parts if part.shared_step == "platform")
    assert {one.owner: str(one.share) for one in step.step_weights} == {"ads": "2/5", "search": "3/5"}


def test_a_shared_step_shows_what_was_used_before_those_who_serve_each_other_are_solved(question_of):
    (currency,) = question_of("ads").currencies
    step = next(part for part in currency.parts if part.shared_step == "platform")
    flows = {flow.provider: (flow.unit, {one.owner: one.quantity for one in flow.weights}) for flow in step.step_flows}
    assert flows == {
        "platform": ("Shares", {"data": 2, "search": 1}),
        "data": ("Shares", {"ads": 1, "platform": 2}),
    }


def test_idle_capacity_is_explained_by_what_was_held_what_computed_and_what_there_is(question_of):
    (currency,) = question_of("idle").currencies
    (weighing,) = next(part for part in currency.parts if part.rule == "cluster").weighings
    assert {(used.metric, used.owner): used.quantity for used in weighing.usage} == {
        ("gpu.hours", "ads"): 4,
        ("gpu.hours", "search"): 3,
        ("gpu.capacity_hours", "unattributed"): 8,
        ("gpu.busy_hours", "ads"): 1,
    }
    capacity = next(used for used in weighing.usage if used.metric == "gpu.capacity_hours")
    assert [(row.source, row.hour.hour, row.quantity) for row in capacity.rows] == [("metrics", 1, 8)]


def test_costs_that_weighed_are_told_in_their_currency(question_of):
    (currency,) = question_of("search").currencies
    support = next(part for part in currency.parts if part.rule == "support" and not part.shared_step)
    (weighing,) = support.weighings
    assert (weighing.metric, weighing.unit) == ("EffectiveCost", "USD")
    assert next(one.quantity for one in weighing.weights if one.owner == "platform") == 10


def test_a_question_about_a_service_counts_that_service_only(question_of):
    (currency,) = question_of("search", "Compute").currencies
    assert currency.costs.effective == Decimal("7.000000000001")
    assert question_of("nobody").currencies == ()
