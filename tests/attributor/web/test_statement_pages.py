"""Statements as pages and downloads: the ledger's numbers, drafts that say so, and clear answers to wrong addresses."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from attributor.ledger import tables
from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.statement_deliveries import Parcel, ParcelFailure, plan_parcels, retry_parcel
from attributor.money import plain, total
from attributor.periods import Month
from attributor.web.faces import statement_html


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


def _in_the_ledger(engine: Engine, month: str, **keep: str) -> str:
    columns = tables.rollup.c
    of_month = columns.day.between(date.fromisoformat(f"{month}-01"), date.fromisoformat(f"{month}-30"))
    query = select(*money_sums(tables.rollup, "effective")).where(of_month)
    for name, value in keep.items():
        query = query.where(columns[name] == value)
    with engine.connect() as connection:
        return plain(joined(*connection.execute(query).one()))


@pytest.mark.parametrize("month", ["2026-09", "2026-11"])
@pytest.mark.parametrize("team", ["search", "research", "unattributed", "idle"])
def test_page_json_and_csv_of_a_team_show_what_the_ledger_holds(client, company, month, team) -> None:
    wanted = _in_the_ledger(company, month, team=team)
    report = client.get(f"/statements/{month}/{team}.json").json()
    [part] = report["parts"]
    assert part["total"]["effective"] == wanted
    values = Amounts(client.get(f"/statements/{month}/{team}").text).values
    lines = (*part["lines"], *part["shared"], *part["corrections"])
    assert [line for line in lines if line["costs"]["effective"] not in values] == []
    assert wanted in values
    rows = csv.DictReader(io.StringIO(client.get(f"/statements/{month}/{team}.csv").text))
    assert plain(total(Decimal(row["effective"]) for row in rows)) == wanted


def test_the_list_shows_every_owner_and_both_kinds_sum_to_the_month(client, company) -> None:
    report = client.get("/statements.json").json()
    assert (report["month"], report["finality"]["state"]) == ("2026-09", "closed")
    wanted = _in_the_ledger(company, "2026-09")
    assert report["totals"] == [{"currency": "USD", "cost": wanted}] == report["closed"][0]["totals"]
    for lines in (report["teams"], report["cost_centers"]):
        assert plain(total(Decimal(each["cost"]) for line in lines for each in line["amounts"])) == wanted
    page = client.get("/statements").text
    assert 'href="/statements/2026-09/search"' in page
    assert "was closed on 5 Oct 2026, 08:00 UTC by ana" in page
    assert report["open_months"] == ["2026-11", "2026-10", "2026-08"]


def test_an_open_month_is_marked_as_a_draft_everywhere(client) -> None:
    assert "its statements are drafts, with charges through" in client.get("/statements?month=2026-11").text
    assert "Not final: November 2026 still goes on" in client.get("/statements/2026-11/search").text
    assert "is not closed yet, and every number" in client.get("/statements/2026-10/search").text
    draft, final = (client.get(f"/statements/2026-{month}/search.csv") for month in ("11", "09"))
    assert 'filename="statement-2026-11-search-draft.csv"' in draft.headers["content-disposition"]
    assert 'filename="statement-2026-09-search.csv"' in final.headers["content-disposition"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/statements/2026-09/serch", 404, '<a href="/teams/search">search</a>'),
        ("/statements/2026-09/serch.json", 404, "did you mean search"),
        ("/statements/2026-13/search", 400, "is not a month"),
        ("/statements/2026-09/cost-centers/77", 404, "othing was ever charged to a cost center"),
        ("/statements?month=soon", 400, "is not a month"),
    ],
)
def test_an_address_that_cannot_be_answered_says_why(client, path, status, said) -> None:
    answer = client.get(path)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_a_cost_center_without_charges_has_an_empty_statement(client) -> None:
    answer = client.get("/statements/2026-09/cost-centers/4200")
    assert answer.status_code == 200
    assert "Nothing was charged" in answer.text
    assert client.get("/statements/2026-09/cost-centers/.json").json()["name"] == "Without a cost center"


def test_a_pdf_that_cannot_be_made_says_what_to_install(client, monkeypatch) -> None:
    monkeypatch.setattr(statement_html, "find_spec", lambda _name: None)
    answer = client.get("/statements/2026-09/search.pdf")
    assert answer.status_code == 501
    assert "install attributor[pdf]" in answer.text


def test_what_a_bill_says_is_escaped(tmp_path, make_site, make_ledger, make_rows) -> None:
    hostile = "<script>alert(1)</script>"
    engine = make_ledger(tmp_path)
    with engine.begin() as connection:
        row = make_rows.cost(date(2026, 11, 3), "5", hostile, service=hostile, rule=hostile, method="usage")
        make_rows.put(connection, row, row | {"method": "direct", "cost_center": hostile})
    client = TestClient(make_site(engine))
    for path in ("/statements?month=2026-11", "/statements/2026-11/%3Cscript%3Ealert(1)%3C/script%3E"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert hostile not in answer.text


def test_what_could_not_be_sent_stands_on_the_list(tmp_path, make_site, make_ledger) -> None:
    engine = make_ledger(tmp_path)
    now = datetime(2026, 11, 2, tzinfo=UTC)
    parcel = Parcel("folder:/finance", Month(2026, 10), 1, "team", "search")
    plan_parcels(engine, [parcel], now)
    client = TestClient(make_site(engine))
    assert "could be sent" not in client.get("/statements").text
    failure = ParcelFailure("/finance cannot be written: Permission denied", is_permanent=True, at=now)
    retry_parcel(engine, parcel, now, failure)
    assert "search, 2026-10 to folder:/finance: /finance cannot be written" in client.get("/statements").text
