"""From the number on a team's page, by its links, to the line of the bill that it was read from."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from attributor.app.pages import build_metrics, build_pages
from attributor.app.wiring import open_app

AMOUNT = r'<data value="(-?[0-9.]+)">'


@pytest.fixture
def client(company) -> Iterator[TestClient]:
    """The site of a small company after a run, with its lake behind it."""
    company.run()
    with open_app(company.folder / "attributor.yaml") as app:
        settings = lambda: app.settings  # noqa: E731 - what the daemon hands over
        yield TestClient(build_pages(app, lambda: app, build_metrics(app, settings), None).site, "http://localhost")


def _page(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def _link(page: str, amount: str) -> str:
    """The address that an amount of the page leads to."""
    found = re.search(rf'<a href="([^"]+)"[^>]*><data value="{re.escape(amount)}">', page)
    assert found, f"{amount} leads nowhere"
    return unescape(found[1])


def _row(file: Path, number: str) -> dict[str, str]:
    return list(csv.DictReader(file.read_text().splitlines()))[int(number) - 1]


def test_a_number_of_the_page_leads_in_three_steps_to_the_line_of_the_bill(client: TestClient, company) -> None:
    team = _page(client, "/teams/search?month=2026-11")
    rule = _link(team, "3")
    assert "rule=cluster" in rule
    days = _page(client, rule)
    day = _page(client, _link(days, "3"))
    assert "by rule cluster" in day
    where = re.search(r"(\S*attributor\.yaml):(\d+)", day)
    assert where
    assert "name: cluster" in (company.folder / "attributor.yaml").read_text().splitlines()[int(where[2]) - 1]
    [(usage, usage_row)] = re.findall(r">(usage/[^:<]+):(\d+)</th>", day)
    assert _row(company.folder / usage, usage_row)["team"] == "search"
    [(file, row, charged, given)] = re.findall(rf">(bills/[^:<]+):(\d+)</th>.*?{AMOUNT}.*?{AMOUNT}", day)
    line = _row(company.folder / file, row)
    assert (line["EffectiveCost"], charged, given) == ("9", "9", "3")
    assert '{"cluster": "prod"}' in line["Tags"]


def test_every_linked_amount_of_the_page_is_the_one_that_is_explained(client: TestClient) -> None:
    for team in ("search", "ads", "unattributed"):
        page = _page(client, f"/teams/{team}?month=2026-11")
        links = re.findall(rf'<a href="(/explain[^"]+)"[^>]*>{AMOUNT}', page)
        assert links
        for address, amount in links:
            document = client.get(unescape(address).replace("/explain?", "/explain.json?")).json()
            assert Decimal(document["cost"]) == Decimal(amount)
            parts = document["rules"] if "rules" in document else document["lines"]
            assert sum(Decimal(part["cost"]) for part in parts) == Decimal(amount)


def test_the_page_of_a_day_tells_the_days_whose_costs_weighed(client: TestClient, company) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    company.write(
        "attributor.yaml", f"{config}  - {{name: rest, match: {{tags.owner: present}}, split: {{by: cost}}}}\n"
    )
    company.run()
    page = _page(client, "/explain?team=ads&day=2026-11-11&rule=rest")
    table = page[page.index("Cost of ads by which it was weighed: 5") :]
    assert re.search(r'11 Nov[^<]*</th><td class="number">1</td><td class="number"><data value="5">', table)


def test_what_another_day_of_the_month_came_to_meanwhile_is_in_the_next_explanation(
    client: TestClient, company
) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    rest = "{name: rest, match: {tags.owner: present}, split: {by: cost, per: month}}"
    company.write("attributor.yaml", f"{config}  - {rest}\n")
    company.run()

    def weighed() -> list[str]:
        page = _page(client, "/explain?team=ads&day=2026-11-11&rule=rest")
        return re.findall(r"Cost of ads by which it was weighed: ([0-9.]+)", page)

    assert weighed() == weighed() == ["11"]
    rows = ("10,30,team=Srch", "10,9,cluster=prod", "10,4,team=ads", "11,5,team=ads", "11,2,owner=unknown")
    company.bill("november", *rows)
    company.run()
    assert weighed() == ["15"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"team": "serch"}, 404, "there is no team 'serch'; did you mean search?"),
        ({"team": "ads", "day": "2026-13-01"}, 400, "day='2026-13-01' is not a day; write it as YYYY-MM-DD"),
        ({"team": "ads", "basis": "paid"}, 400, "is not a cost basis"),
    ],
)
def test_what_cannot_be_asked_is_said(client: TestClient, query: dict[str, str], status: int, words: str) -> None:
    answer = client.get(f"/explain.json?{urlencode(query)}")
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True)


def test_a_day_on_which_nothing_was_given_sums_to_nothing(client: TestClient) -> None:
    document = client.get("/explain.json?team=ads&day=2026-11-02").json()
    assert (document["cost"], document["rules"]) == ("0", [])


def test_an_amount_of_all_teams_leads_to_each_team_and_on_to_the_bill(client: TestClient, company) -> None:
    page = _page(client, "/explain?month=2026-11&rule=cluster")
    found = client.get("/explain.json?month=2026-11&rule=cluster").json()
    for parts in (found["teams"], found["rules"], found["days"]):
        assert sum(Decimal(part["cost"]) for part in parts) == Decimal(found["cost"]) == 9
        assert all(f'<data value="{part["cost"]}">' in page for part in parts)
    day = _page(client, unescape(re.findall(r'<a href="(/explain[^"]*day=[^"]*)"', page)[0]))
    search = _page(client, _link(day, "3"))
    assert "by rule cluster" in search
    assert re.search(r">bills/[^:<]+:\d+</th>", search)


def test_idle_money_and_estimates_are_explained_by_themselves(client: TestClient) -> None:
    whole = client.get("/explain.json?month=2026-11").json()
    for word in ("idle_cause", "x_Basis", "corrects"):
        for query in ("", "&team=ads", "&team=ads&day=2026-11-11"):
            asked = {"idle_cause": ("", "held", "unallocated"), "x_Basis": ("billed", "estimated")}.get(word, ("",))
            parts = [client.get(f"/explain.json?month=2026-11{query}&{word}={value}").json() for value in asked]
            of_all = client.get(f"/explain.json?month=2026-11{query}").json()
            assert sum(Decimal(part["cost"]) for part in parts) == Decimal(of_all["cost"])
    assert Decimal(whole["cost"]) > 0


def test_a_period_of_one_day_is_explained_as_that_day(client: TestClient) -> None:
    by_day = client.get("/explain.json?team=search&day=2026-11-11").json()
    assert client.get("/explain.json?team=search&period=2026-11-11..2026-11-11").json() == by_day
    page = _page(client, "/explain?team=search&day=2026-11-11")
    assert 'href="/explain?period=2026-11-10..2026-11-10&amp;team=search" rel="prev"' in page
