"""Answers in pages, while the ledger changes between them."""

from datetime import date

import pytest
from starlette.testclient import TestClient

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 12)


@pytest.fixture
def engine(tmp_path, make_ledger, fill_ledger):
    engine = make_ledger(tmp_path)
    fill_ledger(engine)
    yield engine
    engine.dispose()


def turned(make_rows, engine):
    """Let the cheapest become the most expensive, and somebody new come before all others by name."""
    with engine.begin() as connection:
        make_rows.put(connection, make_rows.cost(DAY, "1000000", "support"), make_rows.cost(DAY, "1", "aaa"))


def test_allocations_and_usage_lose_and_repeat_no_row_while_the_ledger_changes(engine, make_site, make_rows):
    client = TestClient(make_site(engine))
    for path, asked in (
        ("allocations", {"window": "month", "aggregate": "team,service", "step": "7d"}),
        ("usage", {"window": "month", "by": "team,model", "step": "7d"}),
    ):
        before = rows_of(client.get(f"/api/v1/{path}", params=asked).json())
        page = client.get(f"/api/v1/{path}", params={**asked, "limit": 3}).json()
        found = rows_of(page)
        turned(make_rows, engine)
        while page["next"]:
            page = client.get(f"/api/v1/{path}", params={**asked, "limit": 3, "cursor": page["next"]}).json()
            found += rows_of(page)
        assert len(found) == len(set(found)), path
        assert set(before) <= set(found), path


def rows_of(answer):
    if "data" in answer:
        return [(each["start"], each["name"]) for one in answer["data"] for each in one.values()]
    return [(row["start"], row["metric"], *row["values"].values()) for row in answer["rows"]]


def test_the_most_expensive_first_begins_again_when_the_ledger_changed(engine, make_site, make_rows):
    client = TestClient(make_site(engine))
    first = client.get("/api/v1/showback", params={"limit": 2}).json()
    on = {"limit": 2, "cursor": first["next"]}
    assert client.get("/api/v1/showback", params=on).status_code == 200
    turned(make_rows, engine)
    moved = client.get("/api/v1/showback", params=on)
    assert (moved.status_code, "begin again without cursor" in moved.json()["detail"]) == (409, True)
    assert client.get("/api/v1/showback", params={"limit": 2}).json()["rows"][0]["values"] == {"team": "support"}


def test_a_tag_holds_until_the_ledger_changes(engine, make_site, make_rows):
    client = TestClient(make_site(engine))
    tag = {"If-None-Match": client.get("/api/v1/showback").headers["etag"]}
    assert client.get("/api/v1/showback", headers=tag).status_code == 304
    turned(make_rows, engine)
    changed = client.get("/api/v1/showback", headers=tag)
    assert (changed.status_code, changed.headers["etag"] == tag["If-None-Match"]) == (200, False)


@pytest.mark.parametrize("cursor", ["", ".", "x", "x.", "WzFd", "0123456789abcdef.WzFd", "." * 500])
def test_a_cursor_that_is_none_is_told(engine, make_site, cursor):
    answer = TestClient(make_site(engine)).get("/api/v1/showback", params={"cursor": cursor})
    assert (answer.status_code, "cursor is not `next`" in answer.json()["detail"]) == (400, True)
