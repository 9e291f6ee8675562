"""/api/v1/allocations: OpenCost's questions, our exact answers."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from attributor.periods import Month
from attributor.reports.overview import overview
from attributor.reports.questions.allocations import AllocationsQuestion, answer_allocations
from attributor.reports.questions.asked import QuestionError
from attributor.reports.questions.books import Books
from attributor.reports.view import View

API = "/api/v1/allocations"


@pytest.fixture(scope="module")
def client(company, make_site):
    return TestClient(make_site(company))


def read(client, **asked):
    answer = client.get(API, params={"window": "month", **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def costs(answer):
    return [Decimal(each["totalCost"]) for whole in answer["data"] for each in whole.values()]


def test_the_teams_of_a_month_sum_to_what_the_overview_says(client, company, teams):
    answer = read(client, includeIdle="true")
    assert answer["code"] == 200
    assert {"search", "ads", "__idle__"} <= answer["data"][0].keys()
    shown = overview(company, teams, View(Month(2026, 11), datetime(2026, 11, 18, 9, 30, tzinfo=UTC))).total
    assert sum(costs(answer)) == Decimal(answer["totalCost"]) == shown
    without = read(client)
    assert "__idle__" not in without["data"][0]
    assert Decimal(without["totalCost"]) + Decimal(without["idleLeftOut"]) == shown


def test_an_allocation_says_what_it_is_of_and_its_window(client):
    search = read(client, aggregate="team,service", filter='team:"search"+service:"Amazon EC2"')["data"][0]
    [(name, found)] = search.items()
    assert name == found["name"] == "search/Amazon EC2"
    assert found["properties"] == {"team": "search", "service": "Amazon EC2"}
    assert found["window"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-19T00:00:00Z"}
    assert found["minutes"] == 18 * 24 * 60
    assert Decimal(found["listCost"]) == 2 * Decimal(found["effectiveCost"])
    assert found["totalCost"] == found["effectiveCost"]


def test_steps_and_accumulation_cut_the_same_total(client):
    whole = read(client)["totalCost"]
    assert len(read(client, step="1d")["data"]) == 18
    for asked in ({"step": "1d"}, {"accumulate": "week"}, {"step": "1d", "accumulate": "true"}):
        assert read(client, **asked)["totalCost"] == whole
    assert len(read(client, step="1d", accumulate="true")["data"]) == 1


def test_what_opencost_samples_by_changes_nothing(client):
    assert read(client, resolution="1m") == read(client)


def test_pages_go_on_where_the_last_one_ended_and_hold_everything_once(client):
    whole = read(client, step="7d", aggregate="team,service")
    pages, cursor = [], None
    while cursor is not None or not pages:
        pages.append(
            read(client, step="7d", aggregate="team,service", limit=7, **({"cursor": cursor} if cursor else {}))
        )
        cursor = pages[-1]["next"]
    assert len(pages) > 3
    found = [(each["start"], each["name"]) for page in pages for one in page["data"] for each in one.values()]
    assert found == [(each["start"], each["name"]) for one in whole["data"] for each in one.values()]
    assert {page["totalCost"] for page in pages} == {whole["totalCost"]}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"window": "soon"}, "window='soon' cannot be read"),
        ({"aggregate": "pod"}, "cannot group by 'pod'"),
        ({"step": "5m"}, "write whole days"),
        ({"accumulate": "maybe"}, "write true, false"),
        ({"accumulate": "hour"}, "finer than costs are kept"),
        ({"filter": "team"}, "a comparison after team"),
        ({"cursor": "?"}, "cursor is not"),
    ],
)
def test_what_cannot_be_read_is_answered_with_400_and_the_form(client, asked, says):
    answer = client.get(API, params={"window": "month", **asked})
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_what_cannot_be_read_asks_no_ledger(teams):
    books = Books(None, lambda: pytest.fail("asked"), lambda: teams, tuple, lambda: datetime(2026, 11, 18, tzinfo=UTC))
    with pytest.raises(QuestionError, match="cannot be read"):
        answer_allocations(books, AllocationsQuestion(window="soon"))


def test_whoever_has_the_answer_already_is_told_that_nothing_changed(client):
    first = client.get(API, params={"window": "month"})
    tag = first.headers["etag"]
    again = client.get(API, params={"window": "month"}, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(API, params={"window": "lastmonth"}, headers={"If-None-Match": tag}).status_code == 200
    assert "etag" not in client.get(API).headers
    assert "etag" in client.get("/overview.json").headers
    assert "etag" not in client.get("/").headers
