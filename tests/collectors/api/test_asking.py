"""Asking an API: pages, tokens, limits, clocks and rows, against a server that misbehaves as real ones do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from functools import partial

import pytest
from made_up_costs import TYPE, costs_of
from recorded_api import Answer, Asked, RecordedApi, cut, expired, failing, throttled

from collectors.api.pages import Page, walk
from collectors.api.rows import converted
from collectors.api.windows import DAY, pieces, whole
from collectors.base import Backfilling, CollectError, Probing, Window
from collectors.problems import Problems

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def test_every_day_comes_once_however_pages_are_cut(api: RecordedApi, collecting) -> None:
    tables = []
    for a_page in (7, 40):
        api._routes.clear()
        api.on("/v1/costs", partial(costs_of, a_page=a_page))
        tables.append(collecting.read(TYPE, url=api.url))
    assert tables[0].rows == tables[1].rows
    assert len(tables[0].rows) == 31
    assert tables[0].reading.coverage == (Window(MIDNIGHT - 31 * DAY, MIDNIGHT),)
    assert (tables[0].reading.requests, tables[0].reading.cost) == (5, Decimal("0.05"))
    assert tables[0].rows[-1]["x_Origin"] == f"{api.url} 2026-11-19T00Z:1"
    assert dict(tables[0].rows[-1]["Tags"]) == {"project": "search"}


def test_an_origin_does_not_depend_on_the_window_asked_for(api: RecordedApi, collecting) -> None:
    api.on("/v1/costs", costs_of)
    wide = collecting.read(TYPE, url=api.url)
    narrow = collecting.read(TYPE, Window(MIDNIGHT - 2 * DAY, MIDNIGHT), url=api.url)
    assert narrow.rows == wide.rows[-2:]


def test_faults_that_pass_are_passed_and_every_request_is_counted(api: RecordedApi, collecting) -> None:
    api.on("/v1/costs", costs_of)
    api.misbehave(throttled(0), failing(500), cut("{" + " " * 50))
    collected = collecting.read(TYPE, url=api.url)
    assert len(collected.rows) == 31
    assert collected.reading.requests == 4


def test_a_token_that_expires_midway_is_renewed_once(api: RecordedApi, collecting) -> None:
    api.on("/v1/costs", lambda asked: costs_of(asked, 10) if asked.query["page"] == "1" else _with_second(asked))
    assert len(collecting.read(TYPE, url=api.url).rows) == 31
    assert [asked.headers["x-api-key"] for asked in api.requests][:3] == ["first", "first", "second"]
    api.misbehave(expired(), expired())
    with pytest.raises(CollectError, match="answered 401") as refused:
        collecting.read(TYPE, url=api.url)
    assert refused.value.permanent


def _with_second(asked: Asked) -> Answer:
    return costs_of(asked, 10) if asked.headers["x-api-key"] == "second" else expired()


def test_an_empty_answer_is_a_zero_and_not_a_gap(api: RecordedApi, collecting) -> None:
    api.on("/v1/costs", Answer({"items": [], "total": 0}))
    collected = collecting.read(TYPE, url=api.url)
    assert collected.rows == []
    assert collected.reading.coverage == (Window(MIDNIGHT - 31 * DAY, MIDNIGHT),)


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ([{"items": [1], "next": "2"}, {"items": [1], "next": "3"}], "gave the same page twice"),
        ([{"items": [1], "next": "2"}, {"items": [2], "next": "2"}], "gives pages without end"),
        ([{"items": [], "next": str(number)} for number in range(60)], "gives pages without end"),
        ([{"items": [1], "next": "2", "total": 3}, {"items": [2], "total": 3}], "announced 3 items and gave 2"),
    ],
)
def test_an_answer_that_cannot_be_trusted_is_asked_for_again(replies, message: str) -> None:
    given = iter(replies)

    def ask(_token: str | None) -> Page:
        answer = next(given)
        return Page(answer["items"], answer.get("next"), answer.get("total"), of_all=True)

    with pytest.raises(CollectError, match=message) as refused:
        list(walk(ask, "the API"))
    assert not refused.value.permanent


@pytest.mark.slow
def test_a_reading_ends_where_its_requests_are_used_up(api: RecordedApi, collecting) -> None:
    api.on("/v1/costs", partial(costs_of, a_page=1))
    with pytest.raises(CollectError, match="200 requests were made, the most") as refused:
        collecting.read(TYPE, url=api.url, backfill="13mo")
    assert not refused.value.permanent
    assert len(api.requests) == 200


def test_a_day_that_is_not_over_by_the_servers_clock_is_left_for_the_next_time(api: RecordedApi, collecting) -> None:
    behind = format_datetime(MIDNIGHT - timedelta(minutes=5), usegmt=True)

    def late(asked: Asked) -> Answer:
        return Answer(costs_of(asked).body, headers={"Date": behind})

    api.on("/v1/costs", late)
    assert collecting.read(TYPE, url=api.url).reading.coverage[-1].end == MIDNIGHT - DAY


def test_wrong_values_are_listed_with_their_place_and_nothing_is_read(api: RecordedApi, collecting) -> None:
    item = {"day": "2026-11-19", "cost": "1,5", "service": "chat", "project": "x"}
    api.on("/v1/costs", Answer({"items": [item]}))
    with pytest.raises(CollectError, match=r"2026-11-19T00Z, row 1, BilledCost = '1,5': is not a number") as refused:
        collecting.read(TYPE, url=api.url)
    assert refused.value.permanent


def test_usage_rows_keep_their_facts_and_floats_are_no_values() -> None:
    row = {"hour": MIDNIGHT, "metric": "tokens.input", "quantity": 12, "model": "large", "user": None}
    problems = Problems()
    rows = converted("usage", "llm", "api", [row], problems)
    assert rows is not None
    [found] = rows.batch.to_pylist()
    assert (found["quantity"], dict(found["facts"]), len(problems)) == (12, {"model": "large"}, 0)
    with pytest.raises(TypeError, match="float is no value of a row"):
        converted("usage", "llm", "api", [{**row, "quantity": 0.1}], problems)


def test_a_probe_asks_for_one_day_and_says_which_permission_is_missing(api: RecordedApi, collecting) -> None:
    api.on("/v1/costs", costs_of)
    collector = collecting.build(TYPE, url=api.url)
    assert isinstance(collector, Probing)
    assert isinstance(collector, Backfilling)
    assert [need.problem for need in collector.probe()] == [None]
    assert len(api.requests) == 1
    api.misbehave(Answer("no", 403))
    [need] = collector.probe()
    assert need.permission == "costs.read"
    assert "answered 403" in str(need.problem)


def test_windows_are_cut_to_whole_units_that_are_over() -> None:
    window = Window(MIDNIGHT - timedelta(hours=30), MIDNIGHT + DAY)
    assert whole(window, DAY, NOW) == Window(MIDNIGHT - DAY, MIDNIGHT)
    assert whole(Window(NOW, NOW), DAY, NOW) == Window(MIDNIGHT + DAY, MIDNIGHT + DAY)
    assert [piece.end for piece in pieces(Window(MIDNIGHT - 3 * DAY, MIDNIGHT), 2 * DAY)] == [MIDNIGHT - DAY, MIDNIGHT]
