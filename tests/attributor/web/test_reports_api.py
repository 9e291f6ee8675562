"""/api/v1: showback, usage, budgets, forecast, explain, teams and sources say what the ledger says."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup, usage_rollup
from attributor.periods import Month
from attributor.reports.overview import overview
from attributor.reports.view import View

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(company, make_site):
    return TestClient(make_site(company))


@pytest.fixture(scope="module")
def november(company, teams):
    return overview(company, teams, View(Month(2026, 11), NOW))


def read(client, path, **asked):
    answer = client.get(f"/api/v1/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def stored(company, table, column, *conditions):
    sums = (func.sum(table.c[f"{column}_millionths"]), func.sum(table.c[f"{column}_rest"]))
    with company.connect() as connection:
        return joined(*connection.execute(select(*sums).where(*conditions)).one())


def test_showback_sums_to_the_ledger_for_any_days_and_filter(client, company):
    for asked, conditions in [
        ({}, [rollup.c.day >= date(2026, 11, 1)]),
        ({"period": "2026-10", "by": "service,day"}, [rollup.c.billing_month == "2026-10"]),
        ({"window": "7d", "team": "search"}, [rollup.c.day >= date(2026, 11, 12), rollup.c.team == "search"]),
        ({"filter": 'source:"gcp"', "by": "model"}, [rollup.c.day >= date(2026, 11, 1), rollup.c.source == "gcp"]),
    ]:
        found = read(client, "showback", **asked)
        total = stored(company, rollup, "effective", *conditions)
        assert Decimal(found["total"]) == total
        assert sum(Decimal(row["cost"]) for row in found["rows"]) == total
    assert (found["period"], found["start"], found["end"]) == ("2026-11", "2026-11-01", "2026-12-01")


def test_showback_goes_on_where_the_page_before_ended(client):
    whole = read(client, "showback", by="team,service")
    costs = [Decimal(row["cost"]) for row in whole["rows"]]
    assert costs == sorted(costs, reverse=True)
    rows, cursor = [], {}
    while not rows or cursor:
        part = read(client, "showback", by="team,service", limit=4, **cursor)
        assert part["total"] == whole["total"]
        rows += part["rows"]
        cursor = {"cursor": part["next"]} if part["next"] else {}
    assert rows == whole["rows"]


def test_usage_sums_to_the_ledger_in_any_steps_and_groups(client, company):
    output = stored(company, usage_rollup, "quantity", usage_rollup.c.metric == "tokens.output")
    for asked in (
        {"by": "model"},
        {"by": ""},
        {"by": "team,model,source", "step": "1d"},
        {"step": "1w", "limit": 1000},
    ):
        found = read(client, "usage", metric="tokens.output", **asked)
        assert sum(Decimal(row["quantity"]) for row in found["rows"]) == output
    held = read(client, "usage", by="pool", team="research", metric="gpu.hours")["rows"]
    assert [(row["values"], row["start"], row["quantity"]) for row in held] == [
        ({"pool": "gpu-prod"}, "2026-11-01", str(190 * 17))
    ]


def test_budgets_and_forecasts_are_those_of_the_pages(client, november):
    found = read(client, "budgets")
    assert [line["team"] for line in found["budgets"]] == [line.team for line in november.budgets]
    assert [Decimal(line["spent"]) for line in found["budgets"]] == [line.spent for line in november.budgets]
    assert [line["team"] for line in read(client, "budgets", team="ads")["budgets"]] == ["ads"]
    company = read(client, "forecast")
    assert Decimal(company["forecast"]["amount"]) == november.forecast.amount
    assert Decimal(company["spent"]) == november.total == sum(Decimal(line["spent"]) for line in company["teams"])
    assert read(client, "forecast", period="2026-10")["forecast"] is None


def test_explain_teams_and_sources_are_those_of_the_pages(client, november, teams):
    explained = read(client, "explain", team="search", period="2026-11")
    cost = next(line.cost for line in november.teams if line.team == "search")
    assert Decimal(explained["cost"]) == sum(Decimal(line["cost"]) for line in explained["lines"]) == cost
    assert sum(Decimal(line["cost"]) for line in explained["rules"]) == cost
    listed = read(client, "teams")["teams"]
    assert [team["team"] for team in listed] == [*teams, "unattributed", "idle"]
    assert listed[0]["budget"] == "42000"
    assert [each["source"] for each in read(client, "sources")["sources"]] == [
        each.source for each in november.freshness
    ]


@pytest.mark.parametrize(
    ("path", "asked", "status", "says"),
    [
        ("showback", {"period": "11-2026"}, 400, "write it as 2026-11, 2026-Q4"),
        ("showback", {"period": "2026-W47", "period_by": "billing"}, 400, "invoices are of whole months"),
        ("showback", {"by": "pod"}, 400, "cannot group by 'pod'"),
        ("showback", {"filter": "team"}, 400, "a comparison after team"),
        ("showback", {"window": "7d", "period_by": "billing"}, 400, "ask for one of them"),
        ("showback", {"cursor": "WzFd"}, 400, "cursor is not"),
        ("showback", {"team": "serach"}, 404, "did you mean search"),
        ("usage", {"by": "day"}, 400, "write some of pool, team"),
        ("usage", {"window": "tomorrow"}, 400, "cannot be read"),
        ("budgets", {"team": "nobody at all"}, 404, "there is no team"),
        ("alerts", {"team": "serach"}, 404, "did you mean search"),
        ("explain", {"team": "search", "day": "0001-01-01"}, 400, "write it as YYYY-MM-DD"),
        ("explain", {"team": "search", "day": "2026-11-03", "period": "2026-10"}, 400, "is not in 2026-10"),
    ],
)
def test_what_cannot_be_answered_says_the_form(client, path, asked, status, says):
    answer = client.get(f"/api/v1/{path}", params=asked)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_words_that_nobody_knows_are_refused_rather_than_left_out_of_account(client):
    answer = client.get("/api/v1/showback", params={"aggregate": "team"})
    assert answer.status_code == 422
    assert "aggregate" in answer.text
    near = client.get("/api/v1/budgets", params={"team": "serach"}).json()["near"]
    assert near[0] == "search"


def test_text_that_no_database_takes_is_refused_wherever_it_stands(client):
    for path in ("/api/v1/showback?team=a%00b", "/teams/a%00b.json", "/api/v1/alerts?team=%00"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (400, {"detail": "the address holds a NUL character"})
    sent = client.post("/api/v1/alerts/ack", json={"keys": ["a\0b"]})
    assert (sent.status_code, sent.json()) == (400, {"detail": "the body holds a NUL character"})
