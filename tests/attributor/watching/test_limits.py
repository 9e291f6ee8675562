"""Limits and policies from stored charges and usage, by the hour where sources tell it by the hour."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from attributor.app.wiring import open_duckdb
from attributor.attributing.inputs import read_inputs
from attributor.watching.hourly import Read, hourly_usage
from attributor.watching.hourly_spend import hourly_spend
from attributor.watching.limits import limit_facts

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/aws.csv"}
  llm: {type: focus, path: "bills/llm.csv"}
  gw: {type: usage, path: "usage/*.csv"}
teams:
  search: {budget: {monthly: 3100, daily_hard: 40, rolling: {3d: 1000}}, time_zone: Asia/Tokyo}
  ads: {budget: {monthly: 3100, daily_soft: 40}}
  free: {budget: 10}
rules:
  - {name: shared, match: {tags.cluster: prod}, split: {even: [search, ads]}}
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: rest, owner: ads}
alerts:
  policies:
    - {rule: hour, times: 3, floor: 10}
    - {rule: request_cost, limit: 0.05, floor: 1}
    - {rule: metric, name: many, metric: requests, above: 700, floor: 0}
"""
METRICS = ("requests", "gpu.utilization")
HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,ChargeCategory,Tags"


def hourly(*rows: str) -> list[str]:
    """Charges by the hour: "2026-11-11T20 5 team=search"."""
    lines = [HEADER]
    for row in rows:
        hour, cost, tag = row.split()
        start = datetime.fromisoformat(f"{hour}:00:00+00:00")
        key, _, value = tag.partition("=")
        span = f"{start.isoformat()},{(start + timedelta(hours=1)).isoformat()}"
        lines.append(f'{cost},USD,{span},Bedrock,Usage,"{{""{key}"": ""{value}""}}"')
    return lines


@pytest.fixture
def company(make):
    return make(CONFIG)


def read_of(company, connection) -> Read:
    return Read(company.app.lake, connection, read_inputs(company.engine))


def test_hours_are_those_of_charges_that_one_team_owns(company) -> None:
    company.bill("2026-11-11 100 team=search")
    company.write(
        "bills/llm.csv",
        *hourly(
            "2026-11-11T20 5 team=search",
            "2026-11-11T20 6 team=search",
            "2026-11-11T21 7 x=y",
            "2026-11-11T21 8 cluster=prod",
        ),
    )
    company.cycle(NOW)
    with open_duckdb() as connection:
        found = hourly_spend(read_of(company, connection), company.ruleset, date(2026, 11, 10))
    eight = datetime(2026, 11, 11, 20, tzinfo=UTC)
    assert [(row.team, row.service, row.hour, row.cost) for row in found] == [
        ("ads", "Bedrock", eight + timedelta(hours=1), 7),
        ("search", "Bedrock", eight, 11),
    ], "neither a day's charge nor one that a rule splits is of an hour"


def test_what_is_known_by_the_hour_counts_on_the_teams_own_day_and_the_rest_on_the_utc_day(company) -> None:
    company.bill("2026-11-11 10 team=search", "2026-11-11 50 team=ads")
    company.write("bills/llm.csv", *hourly("2026-11-11T14 3 team=search", "2026-11-11T15 30 team=search"))
    company.cycle(NOW)
    with open_duckdb() as connection:
        found = limit_facts(company.engine, read_of(company, connection), company.ruleset, NOW)
    search, ads = found
    assert (search.team, str(search.zone)) == ("search", "Asia/Tokyo")
    assert search.spent == {date(2026, 11, 11): 13, date(2026, 11, 12): 30}
    assert (ads.team, ads.zone, ads.spent) == ("ads", UTC, {date(2026, 11, 11): Decimal(50)})


def test_usage_of_an_hour_is_summed_and_means_are_averaged(company) -> None:
    rows = [f"2026-11-12T08:00:00Z,{metric},gw,{value},search" for metric in METRICS for value in (20, 50)]
    company.write("usage/gw.csv", "hour,metric,pool,quantity,team", *rows)
    company.cycle(NOW)
    with open_duckdb() as connection:
        found = hourly_usage(read_of(company, connection), company.ruleset, date(2026, 11, 10), METRICS)
    assert {row.metric: row.quantity for row in found} == {"requests": 70, "gpu.utilization": 35}


def test_limits_and_policies_become_alerts_of_a_cycle(company) -> None:
    company.write("usage/gw.csv", "hour,metric,pool,quantity,team", "2026-11-12T08:00:00Z,requests,gw,800,search")
    company.bill("2026-11-11 50 team=ads")
    company.write("bills/llm.csv", *hourly("2026-11-11T08 24 team=search", "2026-11-12T08 48 team=search"))
    report = company.cycle(NOW)
    assert set(report.firing) == {
        "budget:ads:2026-11-11",
        "budget:search:2026-11-12",
        "policy:search:Bedrock:2026-11-12",
        "policy:search:*:2026-11-12",
    } | {key for key in report.firing if key.startswith(("spend:", "budget:free"))}
    policy = company.app.alert_log.states()["policy:search:*:2026-11-12"].alert
    assert policy.facts["policies"] == "many, request_cost"
    assert "A request of search cost USD 0.060000 on average" in policy.summary
