"""A team lead behind a proxy: what they see of a company whose team is theirs, down to the explanation."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from fastapi.testclient import TestClient

from attributor.app.pages import build_metrics, build_pages
from attributor.app.wiring import open_app

ACCESS = """
access:
  proxy: {from: [10.0.0.0/8]}
  finance: [group:finance]
  teams: {search: [ana]}
  others: OTHERS
"""


@pytest.fixture(params=["hidden", "totals"])
def others(request):
    return request.param


@pytest.fixture
def visit(company, others):
    """Return what asks the site of a company that ran, as somebody."""
    text = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", text + ACCESS.replace("OTHERS", others))
    assert company.run().code == 0
    with open_app(company.folder / "attributor.yaml") as app:
        site = build_pages(app, lambda: app, build_metrics(app, lambda: app.settings), None).site
        client = TestClient(site, client=("10.0.0.1", 1))

        def go(path, user="ana", groups=""):
            return client.get(path, headers={"X-Forwarded-User": user, "X-Forwarded-Groups": groups})

        yield go


PAGES = ("/", "/health", "/budgets", "/unit-costs", "/gpus", "/models", "/alerts", "/statements", "/explain")


@pytest.mark.parametrize("user", ["ana", "nobody"])
def test_every_page_is_answered_to_whoever_is_in_a_team_or_in_none(visit, user):
    for path in PAGES:
        for address in (path, "/overview.json" if path == "/" else f"{path}.json"):
            assert visit(address, user).status_code == 200, address
    asked = ("allocations?window=month", "showback", "usage", "budgets", "forecast", "teams", "sources", "alerts")
    for path in asked:
        assert visit(f"/api/v1/{path}", user).status_code == 200, path


def shared_day(visit):
    """Return a day of search's whose explanation has weights, as finance sees it, and its address."""
    month = visit("/explain.json?team=search&month=2026-11", "cfo", "finance").json()
    for line in month["lines"]:
        address = f"/explain.json?team=search&day={line['day']}&rule={line['rule']}"
        found = visit(address, "cfo", "finance").json()
        weighings = [each for rule in found["rules"] for day in rule["days"] for each in day["weighings"]]
        if any(len(each["weights"]) > 1 for each in weighings):
            return address, found
    raise AssertionError("nothing of search is split")


def weights(explained):
    return [
        weight
        for rule in explained["rules"]
        for day in rule["days"]
        for weighing in day["weighings"]
        for weight in weighing["weights"]
    ]


def test_an_explanation_names_no_other_team_and_its_weights_sum_as_before(visit):
    address, whole = shared_day(visit)
    mine = visit(address)
    assert mine.status_code == 200
    assert mine.json()["cost"] == whole["cost"]
    owners = {weight["owner"] for weight in weights(mine.json())}
    assert "ads" in {weight["owner"] for weight in weights(whole)}
    assert owners == {"search", "other teams"}
    assert "ads" not in mine.text
    used = [sum(Decimal(weight["quantity"]) for weight in weights(found)) for found in (mine.json(), whole)]
    assert used[0] == used[1] > 0
    assert sum(Fraction(weight["share"]) for weight in weights(mine.json())) == len(weights(mine.json())) / 2
    assert visit(address.replace("team=search", "team=ads")).status_code == 403
    assert visit(address.replace("explain.json", "explain")).status_code == 200


def others_in(page):
    """Return the amounts that the panel of other teams shows."""
    panel = page.partition("Other teams")[2].partition("</section>")[0]
    return re.findall(r'<data value="([^"]+)">', panel)


def test_what_other_teams_cost_in_all_is_told_where_the_configuration_says_so(visit, others):
    mine = visit("/overview.json?month=2026-11").json()
    whole = visit("/overview.json?month=2026-11", "cfo", "finance").json()
    assert [line["team"] for line in mine["teams"]] == ["search"]
    assert "others" not in whole
    told = {line["team"]: line["cost"] for line in mine.get("others", [])}
    page = visit("/?month=2026-11").text
    if others == "totals":
        assert told == {line["team"]: line["cost"] for line in whole["teams"] if line["team"] != "search"}
        assert "Other teams" in page
        kept = visit("/?month=2026-11&rule=cluster").text
        assert others_in(kept) == others_in(page) != []
    else:
        assert (told, "Other teams" in page) == ({}, False)
