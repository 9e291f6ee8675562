"""What did we spend, on what, why did it rise, who should act, is the bill complete: two clicks from the overview."""

import re
from html import unescape

import pytest
from starlette.testclient import TestClient


@pytest.fixture(scope="module")
def client(company, make_site):
    return TestClient(make_site(company))


def follow(client: TestClient, page: str, start: str) -> str:
    """Return the page behind the first link whose address begins so."""
    address = next(
        unescape(found) for found in re.findall(r'href="([^"]+)"', page) if unescape(found).startswith(start)
    )
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def overview(client):
    return client.get("/").text


def test_what_was_spent_and_on_what_stands_on_the_overview(client, overview):
    report = client.get("/overview.json").json()
    assert "Spend so far" in overview
    assert f'<data value="{report["total"]}">' in overview
    for heading in ("Spend by service", "Spend by team", "Where the money goes"):
        assert heading in overview
    kept = follow(client, overview, "/?month=2026-11&service=")
    assert "remove this filter" in kept


def test_why_it_rose_stands_on_the_overview_and_its_charges_two_clicks_away(client, overview):
    moved = overview[overview.index("What moved, and why") :]
    assert "Customer support: Anthropic API" in moved
    part = follow(client, moved, "/teams/support")
    assert "What moved, and why" in part
    assert "Top cost drivers" in part


def test_who_should_act_is_named_beside_what_moved_and_on_the_teams_page(client, overview):
    assert "ask @fay" in overview[overview.index("What moved, and why") :]
    alert = overview[overview.index("Open alerts") :]
    assert "Ask @fay" in follow(client, alert, "/teams/support")


def test_whether_the_bill_is_complete_is_said_at_the_top_and_day_by_day_one_click_away(client, overview):
    assert "complete through" in overview[: overview.index("Spend so far")]
    days = follow(client, overview, "/data-quality")
    assert "What each source has told of" in days
    assert "Days missing" in days
