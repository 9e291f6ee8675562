"""The budgets page: what stands there is what the ledger says, day by day down to what is left."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup


@pytest.fixture(scope="module")
def client(company, make_site):
    return TestClient(make_site(company))


def spent(engine, team, through):
    sums = (func.sum(rollup.c.effective_millionths), func.sum(rollup.c.effective_rest))
    within = (rollup.c.day >= date(2026, 11, 1)) & (rollup.c.day <= through) & (rollup.c.team == team)
    with engine.connect() as connection:
        return joined(*connection.execute(select(*sums).where(within)).one())


def test_every_budget_stands_with_what_was_spent_and_is_left(client, company, teams):
    found = client.get("/budgets.json").json()
    lines = {pace["line"]["team"]: pace for pace in found["lines"]}
    assert set(lines) == {name for name, team in teams.items() if team.budget}
    assert found["without"] == ["platform"]
    for name, pace in lines.items():
        assert Decimal(pace["line"]["spent"]) == spent(company, name, date(2026, 11, 30))
        assert Decimal(pace["line"]["remaining"]) + Decimal(pace["line"]["spent"]) == teams[name].budget.monthly
        for day in (pace["days"][3], pace["days"][-1]):
            left = teams[name].budget.monthly - spent(company, name, date.fromisoformat(day["day"]))
            assert Decimal(day["remaining"]) == left
    assert Decimal(found["spent"]) == sum(Decimal(pace["line"]["spent"]) for pace in found["lines"])
    used = [Decimal(pace["line"]["used"]) for pace in found["lines"]]
    assert used == sorted(used, reverse=True)


def test_what_a_day_may_cost_keeps_the_budget_and_a_fast_one_runs_out(client):
    found = client.get("/budgets.json").json()["lines"]
    slow = [pace for pace in found if pace["a_day"] is not None]
    assert slow
    for pace in slow:
        left = Decimal(pace["line"]["remaining"])
        assert 0 <= left - Decimal(pace["a_day"]) * pace["days_left"] < Decimal("1e-9")
        if pace["runs_out"] is not None:
            assert Decimal(pace["burn"]) * pace["days_left"] > left
            assert "2026-11-18" < pace["runs_out"] <= "2026-11-30"
        else:
            assert Decimal(pace["burn"]) * pace["days_left"] <= left
    assert all(pace["a_day"] is None for pace in found if Decimal(pace["line"]["remaining"]) <= 0)


def test_the_page_shows_the_same_and_another_period_is_its_month(client):
    page = client.get("/budgets").text
    for pace in client.get("/budgets.json").json()["lines"]:
        assert f'<data value="{pace["line"]["spent"]}">' in page
    assert "burn-down" in page
    assert client.get("/budgets.json?period=2026-W46").json()["heading"]["period"] == "2026-11"
    assert client.get("/budgets.json?period=2026-Q3").json()["heading"]["period"] == "2026-09"
    assert client.get("/budgets.json?basis=list").json()["heading"]["basis"] == "effective"


def test_a_team_with_sub_teams_tells_what_all_of_them_come_to(company, make_site, teams):
    family = {
        name: replace(team, parent="search" if name in {"ads", "platform"} else "") for name, team in teams.items()
    }
    client = TestClient(make_site(company, family))
    [told] = client.get("/budgets.json").json()["families"]
    end = date(2026, 11, 30)
    own, below = spent(company, "search", end), spent(company, "ads", end) + spent(company, "platform", end)
    assert [Decimal(told[each]) for each in ("own", "below", "spent")] == [own, below, own + below]
    assert Decimal(told["spent_of_budget"]) == own + spent(company, "ads", end)
    assert (told["budget"], told["own_budget"], told["without"]) == ("51000", "42000", 1)
    page = client.get("/budgets").text
    for each in ("own", "below", "spent", "budget"):
        assert f'<data value="{told[each]}">' in page
    assert "With sub-teams" not in TestClient(make_site(company)).get("/budgets").text


def test_a_month_without_costs_and_a_company_without_budgets_say_so(client, company, make_site, teams):
    early = client.get("/budgets.json?month=2026-05").json()
    assert all(pace["days"] == [] for pace in early["lines"])
    assert client.get("/budgets?month=2026-05").status_code == 200
    bare = TestClient(make_site(company, {"platform": teams["platform"]}))
    assert "No team has a budget" in bare.get("/budgets").text
