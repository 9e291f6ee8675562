"""Unit costs: cost over count, of models for tokens and requests, of everything for other outcomes."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import rollup, usage_rollup
from rules.ruleset import Team

TEAMS = {"search": Team("search", "Search"), "ads": Team("ads", "Ads")}


@pytest.fixture
def client(tmp_path, make_ledger, make_rows, make_site):
    engine = make_ledger(tmp_path)

    def cost(day, amount, team, model=""):
        return make_rows.cost(day, amount, team, model=model)

    def used(day, team, metric, quantity):
        row = {"source": "tokens", "day": day, "metric": metric, "pool": "", "team": team, "model": ""}
        return row | money_values("quantity", Decimal(quantity))

    october, september = date(2026, 10, 5), date(2026, 9, 7)
    with engine.begin() as connection:
        connection.execute(
            insert(rollup),
            [
                cost(october, "30", "search", "gpt"),
                cost(october, "70", "search"),
                cost(october, "10", "ads", "gpt"),
                cost(september, "12", "search", "gpt"),
                cost(october, "5", "unattributed", "gpt"),
            ],
        )
        connection.execute(
            insert(usage_rollup),
            [
                used(october, "search", "requests", "3000"),
                used(october, "ads", "requests", "1000"),
                used(september, "search", "requests", "1500"),
                used(october, "search", "tokens.input", "90000"),
                used(october, "search", "tokens.output", "10000"),
                used(october, "search", "orders", "50"),
                used(october, "search", "revenue", "400"),
                used(october, "search", "gpu.hours", "7"),
                used(october, "unattributed", "requests", "9"),
            ],
        )
    yield TestClient(make_site(engine, TEAMS))
    engine.dispose()


def lines(found, part):
    return {(line["team"], line["metric"]): line for line in found[part]}


def test_unit_costs_are_cost_over_count_of_the_same_days(client):
    found = client.get("/unit-costs.json?month=2026-10").json()
    company, teams = lines(found, "company"), lines(found, "teams")
    assert set(company) == {("", "orders"), ("", "requests"), ("", "tokens")}
    assert company["", "requests"]["unit_cost"] == "10"
    assert (teams["search", "requests"]["unit_cost"], teams["search", "requests"]["previous"]) == ("10", "8")
    assert teams["search", "requests"]["change"] == "0.25"
    assert teams["ads", "requests"]["change"] is None
    assert (teams["search", "tokens"]["unit_cost"], teams["search", "tokens"]["quantity"]) == ("0.3", "100000")
    assert (teams["search", "orders"]["unit_cost"], teams["search", "orders"]["cost"]) == ("2", "100")


def test_cost_against_revenue_is_the_cost_ratio_and_the_margin(client):
    [line] = client.get("/unit-costs.json?month=2026-10").json()["ratios"]
    assert (line["team"], line["cost_share"], line["margin"]) == ("search", "0.25", "0.75")
    assert "75.0 %" in client.get("/unit-costs?month=2026-10").text.replace("75 %", "75.0 %")


def test_the_trend_is_of_six_periods_the_oldest_first(client):
    found = client.get("/unit-costs.json?month=2026-10").json()["trends"]
    requests = next(trend for trend in found if trend["metric"] == "requests")
    assert [point["period"] for point in requests["points"]][::5] == ["2026-05", "2026-10"]
    assert [point["unit_cost"] for point in requests["points"]] == [None, None, None, None, "8", "10"]


def test_the_page_shows_what_the_report_says_and_an_empty_period_says_so(client):
    page = client.get("/unit-costs?month=2026-10").text
    for line in client.get("/unit-costs.json?month=2026-10").json()["teams"]:
        assert f'<data value="{line["unit_cost"]}">' in page
    assert "Requests, a thousand" in page
    assert ">$0.3000</data>" in page
    assert "Nothing was counted" in client.get("/unit-costs?month=2025-10").text
