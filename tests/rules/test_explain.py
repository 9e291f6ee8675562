"""From an amount to rules, weights and charges, every level summing to the one above."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest

from rules.explain import explain
from rules.explanation import Question

DAY = datetime(2026, 10, 14, tzinfo=UTC)
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


@pytest.fixture(scope="module")
def question_of(shared_engine):
    """Return what answers a question about one company; each is worked out once."""
    engine, charge, used = shared_engine, shared_engine.charge, shared_engine.used
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

    @cache
    def answer(question, largest):
        return explain(engine.connection, tables, ruleset, question, largest)

    return lambda team, service=None, largest=20: answer(
        Question(team, (("ServiceName", service),) if service else ()), largest
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


def test_the_explained_amounts_are_the_allocated_ones(question_of):
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


def test_costs_that_weighed_are_told_by_the_day_with_how_many_charges_they_are_of(question_of):
    (currency,) = question_of("ads").currencies
    weighings = [w for part in currency.parts if part.rule == "support" for w in part.weighings]
    told = {found.owner: found for weighing in weighings for found in weighing.weighed_by}
    # Of what platform and data were given, ads bears a part: their weights are as much behind it as its own.
    assert told.keys() == {"ads", "platform"}
    ((day,),) = (found.days for found in told.values() if found.owner == "platform")
    assert (day.cost, day.charges) == (10, 1)
    # Five charges of the cluster and its credit.
    assert [day.charges for day in told["ads"].days] == [6]
    for weighing in weighings:
        of_owner = {weight.owner: weight.quantity for weight in weighing.weights}
        for found in weighing.weighed_by:
            assert sum(day.cost for day in found.days) == found.cost == of_owner[found.owner]


def test_what_a_charge_follows_is_told_by_the_day_of_its_month(engine, charge):
    text = """
    teams: {a: , b: }
    rules:
      - {name: tag, match: {tags.team: present}, owner: {team: tags.team}}
      - {name: tax, follow: [BillingAccountId, ServiceName]}
    """
    first = [
        charge(cost, tags_team=team, ServiceName="EC2", BillingAccountId=account, ChargePeriodStart=at, **more)
        for cost, team, account, at, more in (
            (3, "a", "1", DAY, {}),
            (2, "a", "1", DAY, {"ResourceId": "r"}),
            (-1, "a", "1", DAY - timedelta(days=2), {}),
            (40, "a", "2", DAY, {}),
            (6, "b", "1", DAY, {}),
        )
    ]
    tax = charge(5, ServiceName="S3", BillingAccountId="1")
    (currency,) = engine.explain(text, Question("a", (("rule", "tax"),)), [*first, tax]).currencies
    (weighing,) = currency.parts[0].weighings
    (found,) = weighing.weighed_by
    assert [(day.day.day, day.cost, day.charges) for day in found.days] == [(12, -1, 1), (14, 5, 2)]
    assert (found.owner, found.cost) == ("a", next(w.quantity for w in weighing.weights if w.owner == "a"))


def test_a_shared_team_split_by_cost_tells_what_its_consumer_cost(engine, charge):
    text = """
    teams: {a: , b: , p: }
    rules: [{name: tag, owner: {team: tags.team}}]
    shared: [{team: p, split: {by: cost}}]
    """
    charges = [charge(cost, tags_team=team) for cost, team in ((1, "a"), (2, "a"), (3, "b"), (10, "p"))]
    (currency,) = engine.explain(text, Question("a"), charges).currencies
    passed = next(part for part in currency.parts if part.shared_step)
    (flow,) = passed.step_flows
    assert (flow.unit, {weight.owner: weight.quantity for weight in flow.weights}) == ("USD", {"a": 3, "b": 3})
    assert [(found.owner, [(day.cost, day.charges) for day in found.days]) for found in flow.weighed_by] == [
        ("a", [(3, 2)])
    ]


def test_a_question_about_a_service_counts_that_service_only(question_of):
    (currency,) = question_of("search", "Compute").currencies
    assert currency.costs.effective == Decimal("7.000000000001")
    assert question_of("nobody").currencies == ()
