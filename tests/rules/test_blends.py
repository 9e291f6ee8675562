"""Several drivers of one split, blended by their weights."""

from decimal import Decimal

import pytest

from rules.explanation import Question

TEXT = """
teams: {search: , ads: , data: }
rules:
  - name: blend
    split: {by: [{gpu.hours: 0.7}, {metric: requests, weight: 0.3, pool: gateway}], pool: gpus, %s}
"""


def gpu(used, team, quantity, hour=0):
    return used("gpu.hours", team, quantity, hour=hour, pool="gpus")


def requests(used, team, quantity, hour=0):
    return used("requests", team, quantity, hour=hour, pool="gateway")


def test_each_drivers_shares_count_by_its_weight_whatever_its_unit(engine, charge, used):
    usage = [gpu(used, "search", 1), gpu(used, "ads", 3), requests(used, "search", 1000), requests(used, "data", 1000)]
    found = engine.by_team(TEXT % "per: day", [charge(100)], usage)
    assert found == {"search": Decimal("32.5"), "ads": Decimal("52.5"), "data": Decimal(15)}


def test_the_weight_of_a_driver_that_nobody_used_goes_to_the_others(engine, charge, used):
    text = TEXT % "per: hour"
    usage = [gpu(used, "search", 1), requests(used, "data", 7, hour=1), gpu(used, "ads", 0, hour=1)]
    found = engine.by_team(text, [charge(10, hour=0), charge(5, hour=1), charge(1, hour=2)], usage)
    assert found == {"search": Decimal(10), "data": Decimal(5), "unattributed": Decimal(1)}


def test_another_pools_usage_does_not_count(engine, charge, used):
    usage = [requests(used, "data", 7), used("requests", "ads", 70, pool="gpus")]
    assert engine.by_team(TEXT % "per: day", [charge(5)], usage) == {"data": Decimal(5)}


@pytest.mark.parametrize(
    ("without", "wanted"),
    [
        ("previous", {("ads", "previous:not_covered"): 12}),
        ("{fixed: {ads: 2, data: 1}}", {("ads", "fixed:not_covered"): 8, ("data", "fixed:not_covered"): 4}),
    ],
)
def test_a_bucket_in_which_no_driver_was_used_does_what_the_rule_says(engine, charge, used, without, wanted):
    usage = [gpu(used, "search", 1, hour=-3), requests(used, "ads", 2, hour=-2)]
    text = TEXT % f"per: hour, without_usage: {without}"
    rows = engine.rows(engine.attribute(text, [charge(12, hour=0)], usage))
    assert {(row.team, row.fallback): row.cost for row in rows} == wanted


def test_a_shared_team_goes_on_by_a_blend(engine, charge, used):
    text = """
    teams: {search: , ads: , platform: }
    rules: [{owner: platform}]
    shared: [{team: platform, split: {by: [{gpu.hours: 1}, {requests: 1}]}}]
    """
    usage = [gpu(used, "search", 1), requests(used, "ads", 9), requests(used, "platform", 91)]
    assert engine.by_team(text, [charge(100)], usage) == {
        "search": Decimal("91.743119266056"),
        "ads": Decimal("8.256880733944"),
    }


def test_an_explanation_names_the_drivers_and_the_blended_shares(engine, charge, used):
    usage = [gpu(used, "search", 1), requests(used, "ads", 9)]
    (currency,) = engine.explain(TEXT % "per: day", Question("ads"), [charge(100)], usage).currencies
    (weighing,) = currency.parts[0].weighings
    assert (weighing.metric, weighing.pool) == ("gpu.hours, requests", "gpus, gateway")
    assert [(weight.owner, weight.quantity) for weight in weighing.weights] == [
        ("ads", Decimal("0.3")),
        ("search", Decimal("0.7")),
    ]
