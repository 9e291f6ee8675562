"""What units cost teams, from stored charges and usage: which costs over which quantities, and which days count."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from attributor.watching.units import unit_series

CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  llm: {type: focus, path: "bills/llm.csv"}
  gw: {type: usage, path: "usage/*.csv"}
teams:
  search: {}
rules:
  - {name: pool, match: {tags.pool: prod}, split: {by: gpu.hours, pool: prod, per: day}}
  - {name: lab, match: {tags.pool: lab}, split: {by: runs, per: day}}
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
dimensions: {Model: tags.model}
"""
HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,ChargeCategory,Tags"
FIRST = date(2026, 10, 20)
NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=place) for place in range(22)]


def charge(day: date, cost: object, **tags: str) -> str:
    text = json.dumps(tags).replace('"', '""')
    return f'{cost},USD,{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z,LLM,Usage,"{text}"'


def write(company, days, dear=(), fewer=()) -> None:
    bill, used = [HEADER], ["hour,metric,pool,quantity,team,model"]
    for day in days:
        bill += [
            charge(day, 240 if day in dear else 120, team="search", model="opus-5"),
            charge(day, 30, team="search", model="haiku-5"),
            charge(day, 16, pool="prod"),
        ]
        for metric, quantity, model in (
            ("requests", 50_000, "opus-5"),
            ("requests", 100_000, "haiku-5"),
            ("tokens.input", 900_000, "opus-5"),
            ("tokens.output", 100_000, "opus-5"),
            ("gpu.hours", 8, ""),
            ("queries", 3, ""),
            ("runs", 5, ""),
            ("revenue", 700, ""),
        ):
            part = Decimal("0.6") if metric == "requests" and day in fewer else 1
            pool = "prod" if metric == "gpu.hours" else ""
            used.append(f"{day}T05:00:00Z,{metric},{pool},{quantity * part},search,{model}")
    company.write("bills/llm.csv", *bill)
    company.write("usage/used.csv", *used)


@pytest.fixture
def company(make):
    return make(CONFIG)


def test_requests_and_tokens_cost_what_models_do_gpu_hours_their_pools_and_outcomes_everything(company) -> None:
    days = DAYS[-3:]
    write(company, days)
    company.cycle(NOW)
    found = {(each.metric, each.model): each for each in unit_series(company.engine, company.ruleset, NOW)}
    costs = {key: (each.days[0].cost, each.days[0].units, each.per, each.cost_of) for key, each in found.items()}
    assert costs == {
        ("requests", ""): (150, 150_000, 1000, "cost of models"),
        ("requests", "opus-5"): (120, 50_000, 1000, "cost of models"),
        ("requests", "haiku-5"): (30, 100_000, 1000, "cost of models"),
        ("tokens", ""): (150, 1_000_000, 1000, "cost of models"),
        ("tokens", "opus-5"): (120, 1_000_000, 1000, "cost of models"),
        ("gpu.hours", ""): (16, 8, 1, "cost of GPU pools"),
        ("queries", ""): (166, 3, 1, "whole cost"),
    }, "what a rule splits by, and what was earned, are no units"
    assert [day.day for day in found["queries", ""].days] == days[:2], "the newest day may still grow"


@pytest.mark.slow
def test_a_drift_of_what_a_unit_costs_is_told_with_the_spend_that_explains_it(company) -> None:
    write(company, DAYS, dear=DAYS[-4:])
    company.cycle(NOW)
    states = company.app.alert_log.states()
    [spend] = [state.alert for key, state in states.items() if key.startswith("spend:search:LLM:")]
    assert "1,000 requests cost USD 1.800000" in spend.summary
    assert Decimal(spend.facts["excess"]) > 300
    assert not [key for key in states if key.startswith("unit_cost:")]


@pytest.mark.slow
def test_a_drift_that_no_finding_of_spend_explains_is_an_alert_of_its_own(company) -> None:
    write(company, DAYS, fewer=DAYS[-4:])
    key = f"unit_cost:search:requests:*:{DAYS[-4]}"
    company.cycle(NOW)
    alert = company.app.alert_log.states()[key].alert
    assert alert.summary.startswith(
        "1,000 requests cost USD 1.666667 on 2026-11-09: cost of models ($150.00) over 90,000"
    )
    assert [each.label for each in alert.contributors] == ["opus-5", "haiku-5"]
    of_spend = ("unit_cost:", "spend:")
    assert [each for each in company.cycle(NOW + timedelta(hours=1)).firing if each.startswith(of_spend)] == [key]
