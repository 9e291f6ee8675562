"""A day's charges find their owners, to the last unit."""

from decimal import Decimal

import pytest

from rules.schema import ALLOCATIONS

TEAMS = """
teams:
  search: {aliases: [srch], cost_center: "4100"}
  ads: {}
  platform: {}
  research: {}
"""


def test_the_owner_is_in_the_charge(engine, charge):
    rules = (
        TEAMS
        + """
rules:
  - name: team tag
    match: {tags.team: present}
    owner: {team: tags.team, project: tags.project}
  - name: research account
    match: {SubAccountId: ["1111", "2222"]}
    owner: research
"""
    )
    charges = [
        charge(10, tags_team="SRCH", tags_project="ranker"),
        charge(5, tags_team="nobody", SubAccountId="1111"),
        charge(2, tags_team=""),
    ]
    attribution = engine.attribute(rules, charges)
    assert [(row.team, row.cost, row.rule, row.method) for row in engine.rows(attribution)] == [
        ("research", Decimal(5), "research account", "direct"),
        ("search", Decimal(10), "team tag", "direct"),
        ("unattributed", Decimal(2), "", "unattributed"),
    ]
    (unmatched,) = attribution.unmatched
    assert (unmatched.source, unmatched.column, unmatched.value) == ("aws", "tags.team", "nobody")
    assert (unmatched.currency, unmatched.effective) == ("USD", Decimal(5))


def test_the_allocations_have_exactly_the_promised_columns(engine, charge):
    table = engine.arrow(engine.attribute(TEAMS + "rules: []", [charge(1)]))
    described = engine.connection.execute("DESCRIBE attribution_allocations").fetchall()
    assert [row[0] for row in described] == ALLOCATIONS.names
    assert table.schema.types == ALLOCATIONS.types


def test_an_hourly_cost_is_split_by_the_usage_of_its_own_hour(engine, charge, used):
    rules = (
        TEAMS
        + """
rules:
  - name: cluster
    match: {tags.cluster: gpu-prod}
    split: {by: gpu.hours, pool: pool, per: hour}
"""
    )
    charges = [charge(90, hour=0, tags_cluster="gpu-prod"), charge(90, hour=1, tags_cluster="gpu-prod")]
    usage = [used("gpu.hours", "search", 1), used("gpu.hours", "ads", 2), used("gpu.hours", "ads", 4, hour=1)]
    assert engine.by_team(rules, charges, usage) == {"search": Decimal(30), "ads": Decimal(150)}


def test_activity_claims_rate_times_count_and_the_rest_is_idle_capacity(engine, charge, used):
    rules = (
        TEAMS
        + """
rules:
  - name: training
    match: {tags.pool: training}
    activity: {rates: {training.gpu_hours: 2.10, experiment.runs: 14}, pool: pool, rest: platform}
"""
    )
    usage = [used("training.gpu_hours", "search", 10), used("experiment.runs", "ads", 2, hour=3)]
    attribution = engine.attribute(rules, [charge(60, tags_pool="training"), charge(40, tags_pool="training")], usage)
    assert [(row.team, row.cost, row.idle_cause) for row in engine.rows(attribution)] == [
        ("ads", Decimal(28), ""),
        ("platform", Decimal(51), "rest"),
        ("search", Decimal(21), ""),
    ]


@pytest.mark.parametrize("cost", ["0.000000000001", "-7.3", "1000000000", "0", "3.333333333333"])
def test_no_unit_is_lost_by_a_split_in_three(engine, charge, cost):
    rules = TEAMS + "rules:\n  - split: {even: [search, ads, platform]}\n"
    assert sum(engine.by_team(rules, [charge(cost)]).values()) == Decimal(cost)
