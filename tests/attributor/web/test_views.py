"""A link is the view: period, grouping and filters are in the address; what means nothing there is left out."""

import re

import pytest
from starlette.testclient import TestClient


@pytest.fixture(scope="module")
def client(company, make_site):
    return TestClient(make_site(company))


def test_days_are_inclusive_as_people_write_them(client):
    days = client.get("/overview.json?period=2026-11-03..2026-11-04").json()
    assert days["heading"]["period"] == "2026-11-03..2026-11-04"
    assert sorted({point["day"] for point in days["days"]}) == ["2026-11-03", "2026-11-04"]
    assert days == client.get("/overview.json?from=2026-11-03&to=2026-11-04").json()


def test_a_month_may_be_written_either_way(client):
    assert client.get("/overview.json?period=2026-10").json() == client.get("/overview.json?month=2026-10").json()


@pytest.mark.parametrize("path", ["/", "/teams/search"])
def test_budget_and_forecast_are_of_whole_months_of_everything(client, path):
    address = "/overview.json" if path == "/" else f"{path}.json"
    assert client.get(address).json()["forecast"] is not None
    for query in ("period=2026-Q4", "period=2026-W47", "service=Amazon+EC2"):
        report = client.get(f"{address}?{query}").json()
        assert report["forecast"] is None
        assert not report.get("budgets") and not report.get("budget") and not report.get("burn_rate")
        page = client.get(f"{path}?{query}").text.partition("<main")[2]
        assert "Expected at month end" not in page
        assert "Budget" not in page


def test_a_week_is_compared_with_the_week_before_day_by_day(client):
    heading = client.get("/overview.json?period=2026-W46").json()["heading"]
    assert heading["comparison"]["period"] == "2026-W45"
    assert heading["comparison"]["whole"]
    assert "on week 45" in client.get("/?period=2026-W46").text


def test_filters_keep_the_page_to_what_passes_them_and_stand_as_chips(client):
    everything = client.get("/overview.json").json()
    service = everything["services"][0]
    kept = client.get("/overview.json", params={"service": service["name"]}).json()
    assert (kept["total"], kept["change"]) == (service["cost"], service["change"])
    page = client.get("/", params={"service": [service["name"], "nothing"], "provider": "AWS"}).text
    chips = re.findall(r'class="chip" href="([^"]*)"', page)
    assert len(chips) == 3
    assert not any("provider" in chip for chip in chips if "nothing" in chip and service["name"].split()[0] in chip)


def test_a_form_adds_a_filter_to_those_that_are_chosen(client):
    sent = client.get("/overview.json?group=&provider=AWS&where=service&is=Amazon+EC2").json()
    assert sent == client.get("/overview.json?provider=AWS&service=Amazon+EC2").json()
    assert [each["word"] for each in sent["heading"]["filters"]] == ["service", "provider"]


def test_links_to_other_pages_keep_period_group_and_filters(client):
    page = client.get("/?period=2026-Q4&group=provider&service=Amazon+EC2").text
    assert 'href="/teams/search?period=2026-Q4&amp;group=provider&amp;service=Amazon+EC2"' in page
    assert 'href="/?period=2026-Q3&amp;group=provider&amp;service=Amazon+EC2"' in page


def test_a_team_is_no_filter_on_its_own_page(client):
    page = client.get("/?team=search&group=team").text
    assert 'href="/teams/search?month=2026-11"' in page


@pytest.mark.parametrize("group", ["provider", "account", "model", "rule", "category"])
@pytest.mark.parametrize("path", ["/", "/teams/search"])
def test_a_page_is_grouped_by_any_dimension(client, path, group):
    report = client.get("/overview.json" if path == "/" else f"{path}.json", params={"group": group}).json()
    assert report["grouping"]["by"] == group
    page = client.get(path, params={"group": group}).text
    for line in report["grouping"]["lines"]:
        assert f'<data value="{line["cost"]}">' in page


def test_charges_that_say_nothing_can_be_kept_to(client):
    report = client.get("/overview.json?group=model").json()
    unsaid = next(line for line in report["grouping"]["lines"] if line["name"] == "")
    assert client.get("/overview.json", params={"model": "(not given)"}).json()["total"] == unsaid["cost"]


def test_filters_that_nothing_passes_say_so(client):
    page = client.get("/?service=nowhere").text
    assert "passes the filters" in page
    assert 'href="/?month=2026-11">all of it</a>' in page


def test_an_amount_of_a_filtered_page_is_explained_kept_to_the_same(company, make_site):
    client = TestClient(make_site(company))
    page = client.get("/teams/search?service=Amazon+EC2&period=2026-W46").text
    for link in re.findall(r'href="(/explain[^"]*)"', page):
        assert "service=Amazon+EC2" in link
        assert "period=2026-W46" in link


@pytest.mark.parametrize(
    ("query", "clear"),
    [
        ("period=2026-W99", "is not a period; write it as 2026-11, 2026-Q4"),
        ("from=2026-11-03", "is not a period"),
        ("group=colour", "write one of team, service"),
        ("where=colour&is=red", "write one of team, service"),
    ],
)
def test_a_view_that_cannot_be_read_says_which_form_it_has(client, query, clear):
    answer = client.get(f"/?{query}")
    assert answer.status_code == 400
    assert clear in answer.text
