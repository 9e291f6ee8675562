"""Every page is kept to and grouped by what makes sense there, own dimensions too; anything else is refused."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import rollup, usage_rollup

pytestmark = pytest.mark.slow

NOVEMBER = (rollup.c.day >= date(2026, 11, 1)) & (rollup.c.day < date(2026, 12, 1))
SEARCH = (rollup.c.team == "search") & (rollup.c.service == "Amazon EC2")


@pytest.fixture(scope="module")
def engine(tmp_path_factory, make_ledger, fill_ledger):
    engine = make_ledger(tmp_path_factory.mktemp("narrowed"))
    fill_ledger(engine)
    with engine.begin() as connection:
        connection.execute(update(rollup).where(SEARCH).values(dimensions=json.dumps({"feature": "ranking"})))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def client(engine, make_site):
    return TestClient(make_site(engine, dimensions=lambda: ("feature", "where")))


def cost(engine, condition):
    with engine.connect() as connection:
        return joined(*connection.execute(select(*money_sums(rollup, "effective")).where(NOVEMBER, condition)).one())


def test_a_dimension_of_ones_own_keeps_and_groups_pages_as_the_others_do(client, engine):
    whole = client.get("/overview.json?month=2026-11&group=feature").json()
    lines = {line["name"]: Decimal(line["cost"]) for line in whole["grouping"]["lines"]}
    assert lines["ranking"] == cost(engine, SEARCH)
    assert sum(lines.values()) == Decimal(whole["total"])
    kept = client.get("/overview.json?month=2026-11&feature=ranking").json()
    assert Decimal(kept["total"]) == lines["ranking"]
    assert [line["team"] for line in kept["teams"]] == ["search"]
    page = client.get("/?month=2026-11&feature=ranking").text
    assert re.search(r'class="chip" href="/\?month=2026-11"><span class="quiet">Feature</span> ranking', page)
    assert '<option value="feature">Feature</option>' in page
    unsaid = client.get("/overview.json", params={"month": "2026-11", "feature": "(not given)"}).json()
    assert Decimal(unsaid["total"]) == Decimal(whole["total"]) - lines["ranking"]


def test_a_word_that_addresses_use_is_no_dimension_there(client):
    assert "cannot group by" in client.get("/overview.json?group=where").json()["detail"]


def test_gpus_of_one_team_are_its_hours_its_money_and_its_map(client, engine):
    whole, kept = (client.get(f"/gpus.json?month=2026-11{query}").json() for query in ("", "&team=search"))
    assert {line["team"] for line in kept["teams"]} == {job["team"] for job in kept["jobs"]} == {"search"}
    assert kept["teams"] == [line for line in whole["teams"] if line["team"] == "search"]
    held = (usage_rollup.c.team == "search") & (usage_rollup.c.metric == "gpu.hours")
    with engine.connect() as connection:
        hours = joined(*connection.execute(select(*money_sums(usage_rollup, "quantity")).where(held)).one())
    assert Decimal(kept["fleet"]["held_hours"]) == hours
    assert {hour["held"] for hour in kept["hours"]} == {"2"}
    grouped = client.get("/gpus.json?month=2026-11&group=account").json()
    assert sum(Decimal(line["cost"]) for line in grouped["grouping"]["lines"]) == Decimal(whole["fleet"]["cost"])


def test_models_kept_to_a_provider_tell_no_tokens_for_nobody_knows_them(client, engine):
    whole = client.get("/models.json?month=2026-11").json()
    kept = client.get("/models.json?month=2026-11&provider=Anthropic").json()
    assert Decimal(kept["cost"]) == cost(engine, (rollup.c.model != "") & (rollup.c.provider == "Anthropic"))
    assert (kept["tokens"], kept["requests"], kept["keys"]) == (None, None, [])
    assert "known by team and model alone" in client.get("/models?month=2026-11&provider=Anthropic").text
    of_team = client.get("/models.json?month=2026-11&team=search").json()
    assert sum(Decimal(line["tokens"]) for line in whole["teams"] if line["team"] == "search") == Decimal(
        of_team["tokens"]
    )
    assert {line["team"] for line in of_team["keys"]} == {"search"}


def test_unit_costs_keep_to_a_part_of_the_cost_and_to_teams(client):
    whole, search, claude = (
        {line["metric"]: line for line in client.get(f"/unit-costs.json?month=2026-11{query}").json()["company"]}
        for query in ("", "&team=search", "&provider=Anthropic")
    )
    of_search = client.get("/unit-costs.json?month=2026-11").json()["teams"]
    assert [line["cost"] for line in of_search if (line["team"], line["metric"]) == ("search", "requests")] == [
        search["requests"]["cost"]
    ]
    assert claude["requests"]["quantity"] == whole["requests"]["quantity"]
    assert 0 < Decimal(claude["requests"]["cost"]) < Decimal(whole["requests"]["cost"])
    assert "what was counted is all of it" in client.get("/unit-costs?month=2026-11&provider=Anthropic").text


def test_rules_say_what_they_claimed_of_what_is_asked_for(client, engine):
    kept = client.get("/rules.json?month=2026-11&team=search&group=service").json()
    assert Decimal(kept["total"]) == cost(engine, rollup.c.team == "search")
    assert sum(Decimal(line["cost"]) for line in kept["grouping"]["lines"]) == Decimal(kept["total"])
    assert "By service" in client.get("/rules?month=2026-11&team=search&group=service").text


def test_budgets_of_chosen_teams_are_those_of_all(client):
    whole = client.get("/budgets.json?month=2026-11").json()
    kept = client.get("/budgets.json?month=2026-11&team=ads&team=data").json()
    assert [line for line in whole["lines"] if line["line"]["team"] in {"ads", "data"}] == kept["lines"]
    assert Decimal(kept["budget"]) == Decimal(18500)
    assert kept["without"] == []


def test_the_quality_of_one_source_is_that_of_its_days_and_its_money(client, engine):
    kept = client.get("/data-quality.json?month=2026-11&source=aws").json()
    assert [each["source"] for each in kept["calendars"]] == ["aws"]
    assert Decimal(kept["cost"]) == cost(engine, rollup.c.source == "aws")
    assert [line["value"] for line in kept["unmatched"]] == ["serach"]
    assert client.get("/data-quality.json?month=2026-11&source=gcp").json()["unmatched"] == []


@pytest.mark.parametrize(
    ("path", "query", "clear"),
    [
        ("/gpus", "service=Amazon+EC2", "cannot keep to 'service' here; write one of team"),
        ("/unit-costs", "model=x", "cannot keep to 'model' here"),
        ("/unit-costs", "group=team", "cannot group by 'team' here; leave it out"),
        ("/budgets", "where=service&is=x", "cannot keep to 'service' here; write one of team"),
        ("/data-quality", "team=search", "cannot keep to 'team' here; write one of source"),
        ("/explain", "team=search&service=a&service=b", "service= is given twice"),
    ],
)
def test_what_a_page_cannot_be_kept_to_is_refused_and_not_left_out(client, engine, make_site, path, query, clear):
    site = TestClient(make_site(engine, explain=lambda subject: ()))
    assert site.get(f"{path}?{query}").status_code == 400
    assert clear in site.get(f"{path}.json?{query}").json()["detail"]


@pytest.mark.parametrize("path", ["/gpus", "/models", "/rules"])
def test_pages_of_totals_are_grouped_by_anything(client, path):
    for word in ("team", "category", "feature", "source"):
        found = client.get(f"{path}.json", params={"month": "2026-11", "group": word}).json()["grouping"]
        assert found["by"] == word
        page = client.get(path, params={"month": "2026-11", "group": word}).text
        assert all(f'<data value="{line["cost"]}">' in page for line in found["lines"])


@pytest.mark.parametrize("path", ["/gpus", "/models", "/unit-costs", "/budgets", "/data-quality", "/rules"])
def test_their_form_works_and_their_menu_leads_to_everything(client, path):
    word = "source" if path == "/data-quality" else "team"
    sent = client.get(f"{path}.json?month=2026-11&where={word}&is=search").json()
    assert sent["heading"]["filters"] == [{"word": word, "values": ["search"]}]
    page = client.get(f"{path}?month=2026-11&{word}=search").text
    assert 'class="chip"' in page
    assert 'href="/rules?month=2026-11"' in page


def test_an_explanation_takes_any_period_basis_and_part_from_its_own_page(engine, make_site):
    client = TestClient(make_site(engine, explain=lambda subject: (), dimensions=lambda: ("feature",)))
    query = "team=search&period=2026-W46&basis=list&feature=ranking"
    found = client.get(f"/explain.json?{query}").json()
    week = (rollup.c.day >= date(2026, 11, 9)) & (rollup.c.day < date(2026, 11, 16)) & SEARCH
    with engine.connect() as connection:
        listed = joined(*connection.execute(select(*money_sums(rollup, "list")).where(week)).one())
        assert connection.scalar(select(func.count()).select_from(rollup).where(week)) > 0
    assert Decimal(found["cost"]) == listed
    page = client.get(f"/explain?{query}").text
    assert 'class="chip" href="/explain?period=2026-W46&amp;basis=list&amp;team=search"' in page
    assert 'href="/explain?period=2026-W45&amp;basis=list&amp;feature=ranking&amp;team=search" rel="prev"' in page
    assert 'href="/explain?period=2026-W46&amp;team=search&amp;feature=ranking"' in page
    assert '<input type="hidden" name="team" value="search">' in page
    unsaid = client.get("/explain.json", params={"team": "search", "month": "2026-11", "project": "(not given)"}).json()
    assert unsaid == client.get("/explain.json?team=search&month=2026-11&project=").json()


def test_what_features_cost_is_a_click_away_where_a_dimension_tells_it(client, engine, make_site):
    page = client.get("/models?month=2026-11").text
    assert '<a href="/models?month=2026-11&amp;group=feature">What each cost' in page
    grouped = client.get("/models.json?month=2026-11&group=feature").json()
    assert sum(Decimal(line["cost"]) for line in grouped["grouping"]["lines"]) == Decimal(grouped["cost"])
    assert "What each cost" not in TestClient(make_site(engine)).get("/models?month=2026-11").text
