"""Amounts of the pages of totals lead to where they come from, and that says the same amount."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from explained_day import explained_day
from fastapi.testclient import TestClient
from sqlalchemy import Engine

pytestmark = pytest.mark.slow

LINK = re.compile(r'<a href="(/explain\?[^"]+)"[^>]*><data value="(-?[0-9.]+)">')


@pytest.fixture(scope="module")
def client(company: Engine, make_site) -> TestClient:
    return TestClient(make_site(company, explain=lambda _: ()))


@pytest.fixture
def ledger(tmp_path, make_ledger) -> Iterator[Engine]:
    engine = make_ledger(tmp_path)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("path", "fewest"),
    [
        ("/?month=2026-11", 16),
        ("/?period=2026-W46&basis=list&group=account&provider=AWS", 12),
        ("/?month=2026-10&group=team&basis=billed", 16),
        ("/gpus?month=2026-11", 8),
        ("/gpus?period=2026-W46&basis=list&group=service&team=research", 4),
        ("/models?month=2026-11", 8),
        ("/models?period=2026-W46&basis=list&group=team", 8),
        ("/models?month=2026-11&service=nowhere&service=elsewhere", 0),
        ("/rules?month=2026-11", 4),
        ("/rules?period=2026-Q4&group=category&source=aws", 4),
        ("/unit-costs?month=2026-11", 4),
        ("/unit-costs?period=2026-W46&provider=AWS", 1),
        ("/data-quality?month=2026-11", 2),
    ],
)
def test_every_amount_that_leads_on_is_the_one_that_is_explained(client, path, fewest):
    found = LINK.findall(client.get(path).text)
    assert len(found) >= fewest
    for address, amount in found:
        explained = client.get(unescape(address).replace("/explain?", "/explain.json?")).json()
        assert Decimal(explained["cost"]) == Decimal(amount), address
        for parts in {"teams", "rules", "days", "lines"} & explained.keys():
            assert sum(Decimal(part["cost"]) for part in explained[parts]) == Decimal(amount), (address, parts)


def test_where_there_are_several_currencies_a_link_says_which(ledger, make_site, make_rows):
    with ledger.begin() as connection:
        day = date(2026, 11, 3)
        make_rows.put(
            connection, *(make_rows.cost(day, "5", "ads", rule="one", currency=name) for name in ("USD", "EUR"))
        )
        make_rows.put(connection, make_rows.cost(day, "9", "ads", rule="two", currency="USD"))
        make_rows.put(connection, make_rows.cost(day, "8", "search", rule="one", currency="EUR"))
    client = TestClient(make_site(ledger, explain=lambda _: ()))
    for currency in ("USD", "EUR"):
        found = LINK.findall(client.get(f"/rules?month=2026-11&currency={currency}").text)
        assert found
        for address, amount in found:
            explained = client.get(unescape(address).replace("/explain?", "/explain.json?")).json()
            assert (explained["currency"], Decimal(explained["cost"])) == (currency, Decimal(amount))
    page = client.get("/rules?month=2026-11").text
    assert all("currency=" in unescape(address) for address, _ in LINK.findall(page))


def test_an_explanation_of_many_teams_sums_up_the_others(ledger, make_site, make_rows):
    with ledger.begin() as connection:
        day = date(2026, 11, 3)
        make_rows.put(
            connection, *(make_rows.cost(day, str(number), f"team-{number}", rule="one") for number in range(1, 61))
        )
    client = TestClient(make_site(ledger, explain=lambda _: ()))
    page = client.get("/explain?month=2026-11").text
    assert re.search(r'35 others</th>.*?<data value="630">', page)  # 1 + 2 + … + 35
    whole = client.get("/explain?month=2026-11&rows=all").text
    assert "others" not in whole
    assert all(f'<data value="{number}">' in whole for number in range(1, 61))


def test_the_quality_of_nothing_is_not_praised(ledger, make_site):
    page = TestClient(make_site(ledger)).get("/data-quality?month=2026-11").text
    assert "Nothing is published for this month yet" in page
    for claim in (
        "Every value that should name a team does",
        "Everything that should have a price",
        "Without an owner",
    ):
        assert claim not in page


def test_an_unknown_team_is_answered_in_a_sentence_with_links(client):
    page = client.get("/teams/serch").text
    assert "There is no team &#39;serch&#39;. Did you mean one of these?" in page
    assert '<a href="/teams/search">search</a>' in page


def test_a_day_is_explained_down_to_files_and_rows_whatever_led_to_it(company, make_site):
    client = TestClient(make_site(company, explain=explained_day))
    page = client.get("/explain?team=research&day=2026-11-03").text
    assert '<p class="kpi-value"><data value="40">' in page
    assert re.search(r'<a href="#part-1"><data value="20">.*<a href="#correction-1"><data value="5">', page, re.DOTALL)
    assert "00:00–01:00 UTC: 3 gpu.hours, 50 %" in page
    assert "How shared teams pass it on" in page
    assert "tags.team names no team: serach" in page
    assert page.count("bills/a-long-name-of-a-file-of-the-bill.csv.gz:41") == 6
    assert page.count("2 more charges") == 6
    assert '<span title="rules.yaml">rules.yaml:7</span>' in page
    for asked, cost, part in (("(not given)", "35", "part-1"), ("2026-09", "5", "correction-1"), ("2026-08", "0", "")):
        kept = client.get("/explain", params={"team": "research", "day": "2026-11-03", "corrects": asked}).text
        assert f'<p class="kpi-value"><data value="{cost}">' in kept
        assert ('id="part-1"' in kept, 'id="correction-1"' in kept) == (part == "part-1", part == "correction-1")
