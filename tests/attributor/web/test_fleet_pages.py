"""The pages of GPUs and models: their numbers are the ledger's, and what is not known is left out."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from attributor.ledger import tables
from attributor.ledger.money_columns import joined, money_sums

NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))


@pytest.fixture(scope="module")
def client(company, make_site):
    return TestClient(make_site(company))


@pytest.fixture
def ledger_sum(company):
    """Return a function that sums a column of a ledger's table over November, of the rows that agree."""

    def found(table, name: str, **agree: str) -> str:
        kept = [table.c[column] == value for column, value in agree.items()]
        of_month = (table.c.day >= NOVEMBER[0]) & (table.c.day < NOVEMBER[1])
        with company.connect() as connection:
            row = connection.execute(select(*money_sums(table, name)).where(of_month, *kept)).one()
        return f"{joined(*row).normalize():f}"

    return found


def test_the_page_of_gpus_shows_the_hours_and_the_money_of_the_ledger(client, ledger_sum):
    report, page = client.get("/gpus.json?month=2026-11").json(), client.get("/gpus?month=2026-11").text
    [pool] = report["pools"]
    rule = {"rule": "shared GPU cluster"}
    assert pool["held_hours"] == ledger_sum(tables.usage_rollup, "quantity", metric="gpu.hours")
    assert pool["busy_hours"] == ledger_sum(tables.usage_rollup, "quantity", metric="gpu.busy_hours")
    assert pool["capacity_hours"] == ledger_sum(tables.usage_rollup, "quantity", metric="gpu.capacity_hours")
    assert pool["cost"] == ledger_sum(tables.rollup, "effective", **rule)
    assert {each["cause"]: each["cost"] for each in pool["idle"]} == {
        cause: ledger_sum(tables.rollup, "effective", idle_cause=cause, **rule) for cause in ("unallocated", "held")
    }
    shown = ("capacity_hours", "held_hours", "busy_hours", "cost", "idle_cost", "cost_per_useful_hour")
    assert [name for name in shown if f'<data value="{pool[name]}">' not in page] == []
    for team in report["teams"]:
        assert f'<data value="{team["cost"]}">' in page
    for job in report["jobs"]:
        assert f'<data value="{job["idle_hours"]}">' in page


def test_the_teams_of_a_pool_sum_to_it(client):
    report = client.get("/gpus.json?month=2026-11").json()
    for name in ("held_hours", "busy_hours", "cost", "idle_cost"):
        assert sum(Decimal(team[name] or 0) for team in report["teams"]) == Decimal(report["pools"][0][name])
        assert report["fleet"][name] == report["pools"][0][name]


def test_the_worst_come_first(client):
    report = client.get("/gpus.json?month=2026-11").json()
    for lines, name in ((report["teams"], "idle_cost"), (report["jobs"], "idle_hours")):
        amounts = [Decimal(line[name]) for line in lines]
        assert amounts == sorted(amounts, reverse=True)


def test_an_hour_costs_what_the_days_say_that_both_the_bill_and_the_usage_know(client, company):
    report = client.get("/gpus.json?month=2026-11").json()
    until = date.fromisoformat(report["heading"]["whole_until"])
    assert until < date(2026, 11, 18)
    rollup, used = tables.rollup, tables.usage_rollup
    with company.connect() as connection:
        of_rule = (rollup.c.rule == "shared GPU cluster") & (rollup.c.day >= NOVEMBER[0]) & (rollup.c.day < until)
        cost = joined(*connection.execute(select(*money_sums(rollup, "effective")).where(of_rule)).one())
        busy = (used.c.metric == "gpu.busy_hours") & (used.c.day < until)
        hours = joined(*connection.execute(select(*money_sums(used, "quantity")).where(busy)).one())
    assert Decimal(report["pools"][0]["cost_per_useful_hour"]) == round(cost / hours, 6)


def test_the_map_of_hours_has_every_hour_of_every_day_and_becomes_days_of_the_week(client, company):
    hours = client.get("/gpus.json?month=2026-11").json()["hours"]
    with company.connect() as connection:
        days = connection.scalar(select(func.count(func.distinct(tables.usage_hours.c.day))))
    assert len(hours) == 24 * days
    assert ">17 Nov</th>" in client.get("/gpus?month=2026-11").text


def test_the_page_of_models_shows_the_tokens_and_the_money_of_the_ledger(client, ledger_sum):
    report, page = client.get("/models.json?month=2026-11").json(), client.get("/models?month=2026-11").text
    for line in report["models"]:
        assert line["cost"] == ledger_sum(tables.rollup, "effective", model=line["model"])
        metrics = ("tokens.input", "tokens.cached_input", "tokens.output")
        sums = [ledger_sum(tables.usage_rollup, "quantity", model=line["model"], metric=metric) for metric in metrics]
        assert Decimal(line["tokens"]) == sum(map(Decimal, sums))
        assert f'<data value="{line["cost"]}">' in page
        assert f'<data value="{line["tokens"]}">' in page
    for name in ("models", "teams"):
        assert sum(Decimal(line["cost"]) for line in report[name]) == Decimal(report["cost"])
        assert sum(Decimal(line["tokens"] or 0) for line in report[name]) == Decimal(report["tokens"])
    assert [line["value"] for line in report["keys"]] == ["key-research", "key-search", "key-ads"]
    for line in (*report["keys"], *report["features"], *report["tiers"]):
        assert f'<data value="{line["tokens"]}">' in page


@pytest.mark.parametrize(
    ("path", "clear"), [("/gpus", "No GPU hours in May 2026"), ("/models", "No models in May 2026")]
)
def test_a_period_without_any_says_so(client, path, clear):
    assert clear in client.get(f"{path}?month=2026-05").text


@pytest.mark.parametrize("path", ["/gpus", "/models"])
def test_an_empty_ledger_says_so_there_too(tmp_path, make_site, make_ledger, path):
    client = TestClient(make_site(make_ledger(tmp_path)))
    assert "in November 2026" in client.get(path).text
    assert client.get(f"{path}.json").status_code == 200


@pytest.mark.parametrize("path", ["/gpus", "/models"])
@pytest.mark.parametrize("query", ["period=2026-W46", "period=2026-Q4&basis=list", "period=2026-11-03..2026-11-03"])
def test_they_take_any_period(client, path, query):
    assert client.get(f"{path}?{query}").status_code == 200


def test_every_page_leads_to_them_in_the_same_view(client):
    page = client.get("/?period=2026-Q4&basis=billed&service=Amazon+EC2").text
    assert 'href="/gpus?period=2026-Q4&amp;basis=billed"' in page
    assert 'href="/models?period=2026-Q4&amp;basis=billed"' in page
