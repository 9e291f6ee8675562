"""Pages and their JSON: the same numbers, clear errors, everything escaped, nothing inline."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert
from starlette.testclient import TestClient

from attributor.ledger import tables
from attributor.web import palette
from rules.ruleset import Budget, Team

SITE_CSS = Path(palette.__file__).parent / "static" / "site.css"
HOSTILE = "</script><script>alert('x')</script>\"><img src=x onerror=alert(1)>{{7*7}}"


class Amounts(HTMLParser):
    """Collects the exact values that a page holds in <data value>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "data":
            self.values.append(dict(attrs)["value"] or "")


@pytest.fixture(scope="module")
def client(company: Engine, make_site) -> TestClient:
    return TestClient(make_site(company))


def test_the_overview_shows_the_numbers_of_its_json(client):
    report = client.get("/overview.json").json()
    values = Amounts(client.get("/").text).values
    assert values[0] == report["total"]
    for line in (*report["teams"], *report["services"]):
        assert line["cost"] in values
        assert line["change"] in values
    for line in report["budgets"]:
        assert line["spent"] in values
        assert line["forecast"]["amount"] in values
    for line in report["movers"]:
        assert line["change"] in values
        assert len(line["parts"]) == 1 or all(part["amount"] in values for part in line["parts"])
    for link in (*report["flow"]["to_rules"], *report["flow"]["to_teams"]):
        assert link["cost"] in values


def test_the_flow_is_drawn_without_a_script_and_leads_to_what_it_names(client):
    page = client.get("/?month=2026-10").text
    drawn = page[page.index('<svg class="flow"') : page.index("Where the money goes as a table")]
    assert 'href="/?month=2026-10&amp;service=Amazon+EKS"' in drawn
    assert 'href="/?month=2026-10&amp;rule=shared+GPU+cluster"' in drawn
    assert 'href="/teams/research?month=2026-10"' in drawn
    assert "Amazon EKS → shared GPU cluster: $" in drawn
    marks = set(re.findall(r'"flow-mark (\w+)"', drawn))
    assert {mark for both in re.findall(r'"ribbon (\w+ \w+) series', drawn) for mark in both.split()} == marks
    style = SITE_CSS.read_text()
    most = {"s": 7, "r": 6, "t": 8}  # and one for all others
    for mark in (*marks, *(f"{column}{count}" for column, count in most.items())):
        assert f".flow-mark.{mark}:is(:hover, :focus-visible)) .ribbon.{mark}" in style


def test_what_moved_says_why_and_leads_to_the_part_of_the_team(client):
    page = client.get("/").text
    assert "more tokens" in page or "more used" in page
    assert re.search(r'href="/teams/support\?month=2026-11&amp;service=[^"]+&amp;model=[^"]+"', page)


@pytest.mark.parametrize("team", ["search", "research", "support", "unattributed", "idle"])
def test_a_team_page_shows_the_numbers_of_its_json(client, team):
    report = client.get(f"/teams/{team}.json?month=2026-10").json()
    values = Amounts(client.get(f"/teams/{team}?month=2026-10").text).values
    assert values[0] == report["total"]
    shown = (report["services"], report["models"], report["drivers"], report["rules"], report["idle"], report["days"])
    missing = [line for lines in (*shown, report["weeks"]) for line in lines if line["cost"] not in values]
    assert missing == []
    assert [line for line in report["opportunities"] if line["amount"] not in values] == []
    assert [line for line in report["movers"] if line["change"] not in values] == []


def test_a_parents_page_sums_its_sub_teams_up_and_they_lead_back(company, make_site, teams):
    families = teams | {name: replace(teams[name], parent="research") for name in ("search", "ads")}
    client = TestClient(make_site(company, families))
    family = client.get("/teams/research.json").json()["family"]
    assert {line["team"] for line in family["lines"]} == {"research", "search", "ads"}
    values = Amounts(client.get("/teams/research").text).values
    assert {family["cost"], *(line["cost"] for line in family["lines"])} <= set(values)
    assert 'part of&nbsp;<a href="/teams/research?month=2026-11">Research</a>' in client.get("/teams/ads").text


def test_the_basis_in_the_address_changes_every_number(client):
    effective, listed = (client.get(f"/overview.json?basis={basis}").json() for basis in ("effective", "list"))
    assert Decimal(listed["total"]) > Decimal(effective["total"])
    assert listed["heading"]["basis"] == "list"
    assert listed["budgets"] == effective["budgets"]


def test_links_keep_the_view(client):
    page = client.get("/?month=2026-10&basis=billed").text
    assert 'href="/teams/search?month=2026-10&amp;basis=billed"' in page
    assert 'href="/?month=2026-09&amp;basis=billed"' in page
    assert 'href="/?month=2026-11&amp;basis=billed"' in page


def test_there_is_no_link_into_the_future(client):
    assert "2026-12" not in client.get("/?month=2026-11").text


@pytest.mark.parametrize(
    ("query", "clear"),
    [
        ("month=2026-13", "2026-13&#39; is not a month; write it as YYYY-MM"),
        ("month=0001-01", "is not a month"),
        ("month=9999-12", "is not a month"),
        ("month=", "is not a month"),
        ("basis=net", "write one of effective, billed, list"),
        ("currency=%3Cb%3E", "is not a currency"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/teams/search", "/health"])
def test_an_address_that_cannot_be_read_says_which_form_it_has(client, path, query, clear):
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert clear in answer.text


def test_json_errors_are_json(client):
    answer = client.get("/overview.json?basis=net")
    assert answer.status_code == 400
    assert answer.json() == {"detail": "'net' is not a cost basis; write one of effective, billed, list"}
    answer = client.get("/teams/serch.json")
    assert answer.status_code == 404
    assert answer.json()["near"][0] == "search"


def test_an_unknown_team_is_answered_with_near_ones(client):
    answer = client.get("/teams/serch")
    assert answer.status_code == 404
    assert '<a href="/teams/search">search</a>' in answer.text


def test_an_unknown_page_is_a_page_too(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "/nowhere is not a page" in answer.text


def test_a_month_without_charges_says_so(client):
    assert "No charges in May 2026" in client.get("/?month=2026-05").text
    assert "No charges in May 2026" in client.get("/teams/search?month=2026-05").text


def test_an_empty_ledger_says_so_on_every_page(tmp_path, make_site, make_ledger):
    client = TestClient(make_site(make_ledger(tmp_path)))
    assert "No charges in November 2026" in client.get("/").text
    assert "No charges in November 2026" in client.get("/teams/idle").text
    assert "No source has been read yet" in client.get("/health").text


def test_without_a_month_the_latest_one_with_charges_is_shown(tmp_path, make_site, make_ledger, make_rows):
    engine = make_ledger(tmp_path)
    with engine.begin() as connection:
        make_rows.put(connection, make_rows.cost(date(2026, 9, 3), "5", "ads"))
        connection.execute(insert(tables.publications).values(make_rows.published("aws", date(2026, 9, 3))))
    assert TestClient(make_site(engine)).get("/overview.json").json()["heading"]["period"] == "2026-09"


def test_charges_in_another_currency_are_named_and_not_added(tmp_path, make_site, make_ledger, make_rows):
    engine = make_ledger(tmp_path)
    with engine.begin() as connection:
        for cost, currency in (("5", "EUR"), ("3", "USD")):
            row = make_rows.cost(date(2026, 11, 3), cost, "ads", currency=currency)
            make_rows.put(connection, row)
        connection.execute(insert(tables.publications).values(make_rows.published("aws", date(2026, 11, 3))))
    client = TestClient(make_site(engine))
    page = client.get("/").text
    assert "This page is in EUR" in page
    assert "€5.00" in page
    assert 'href="/?month=2026-11&amp;currency=USD"' in page
    assert client.get("/overview.json?currency=USD").json()["total"] == "3"


def test_hostile_names_are_escaped_everywhere(tmp_path, make_site, make_ledger, make_rows):
    engine = make_ledger(tmp_path)
    teams = {HOSTILE: Team(HOSTILE, HOSTILE, owner=HOSTILE, slack=HOSTILE, budget=Budget(Decimal(1)))}
    facts = dict.fromkeys(("service", "project", "account", "model", "rule", "shared_step", "fallback"), HOSTILE)
    with engine.begin() as connection:
        make_rows.put(connection, make_rows.cost(date(2026, 11, 3), "5", HOSTILE, **facts))
        connection.execute(insert(tables.publications).values(make_rows.published(HOSTILE, date(2026, 11, 3))))
        connection.execute(insert(tables.sources).values(source=HOSTILE, table_name="charges", error=HOSTILE))
    client = TestClient(make_site(engine, teams))
    overview = client.get("/").text
    address = re.search(r'href="(/teams/[^"]+)"', overview)
    assert address is not None
    team = client.get(address[1])
    assert team.status_code == 200
    for page in (overview, team.text, client.get("/health").text, client.get(f"/teams/{'x' * 9}<b>").text):
        assert "<img" not in page
        assert "<script>alert" not in page
        assert "<b>" not in page
        assert "{{7*7}}" in page or "xxx" in page
        assert page.count("<script") == page.count("</script>")


def test_no_page_holds_inline_script_or_style(client):
    for path in ("/", "/teams/search", "/health", "/nowhere"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
        assert "<style" not in page
        assert not re.search(r"\son[a-z]+=|\sstyle=", page)


@pytest.mark.parametrize("path", ["/", "/overview.json", "/nowhere", "/assets/site.css", "/healthz"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_probes_answer_machines(company, make_site, client):
    assert client.get("/healthz").text == "ok\n"
    assert client.head("/healthz").status_code == 200
    assert client.get("/readyz").json() == {"ready": True, "reasons": []}
    assert client.get("/metrics").text == "up 1\n"
    waiting = TestClient(make_site(company, reasons=("the ledger is not migrated",)))
    answer = waiting.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["the ledger is not migrated"])
    assert waiting.get("/healthz").status_code == 200
    assert "the ledger is not migrated" in waiting.get("/health").text


def test_files_are_compressed_kept_for_a_year_and_asked_for_once(client):
    page = client.get("/").text
    address = re.search(r'href="(/assets/site\.css\?v=[0-9a-f]+)"', page)
    assert address is not None
    answer = client.get(address[1])
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    again = client.get(address[1], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/assets/site.css").headers["cache-control"] == "no-cache"
    assert client.get("/assets/../site.py").status_code == 404
    assert client.get("/favicon.ico").headers["content-type"].startswith("image/svg")


def test_a_page_is_never_kept_by_a_browser(client):
    assert client.get("/").headers["cache-control"] == "no-store"


def test_what_one_currency_pays_for_costs_nothing_in_another_and_is_not_told_there(
    tmp_path, make_ledger, fill_ledger, make_site, make_rows
):
    engine = make_ledger(tmp_path)
    fill_ledger(engine)
    with engine.begin() as connection:
        make_rows.put(connection, make_rows.cost(date(2026, 11, 3), "5", "ads", currency="EUR"))
    client = TestClient(make_site(engine))
    assert client.get("/teams/ads.json").json()["unit_costs"]
    assert client.get("/teams/ads.json?currency=EUR").json()["unit_costs"] == []
    assert "Unit costs</h2>" not in client.get("/teams/ads?currency=EUR").text
    engine.dispose()
