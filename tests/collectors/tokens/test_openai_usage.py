"""OpenAI's usage API: windows, pages, faults, and answers that cannot be right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bucket_api import openai_buckets
from recorded_api import Answer, RecordedApi, expired, throttled

from collectors.api.windows import HOUR
from collectors.base import CollectError, Window
from collectors.tokens.openai_counts import ENDPOINTS
from collectors.tokens.openai_usage import TYPE

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = Window(MIDNIGHT - 2 * HOUR, MIDNIGHT)
COMPLETIONS = "/v1/organization/usage/completions"
KEY = "sk-admin-very-secret"


def completion(**changed: Any) -> dict[str, Any]:
    counts = {"input_tokens": 100, "input_cached_tokens": 30, "output_tokens": 7, "num_model_requests": 2}
    return {**counts, "project_id": "proj_a", "api_key_id": "key_a", "model": "gpt-5", "batch": False, **changed}


def by_the_hour(start: datetime) -> list[dict[str, Any]]:
    return [completion(input_tokens=1000 + start.hour), completion(project_id=None, api_key_id=None)]


def options(api: RecordedApi, **more: Any) -> dict[str, Any]:
    return {"url": f"{api.url}/v1", "admin_key": KEY, "endpoints": ["completions"], **more}


@pytest.fixture
def reading(api: RecordedApi, collecting):
    """Reads completions of two hours that are answered with these results, or these replies."""

    def read(*results: dict[str, Any]):
        api._routes.clear()
        api.on(COMPLETIONS, openai_buckets(lambda start: results if start == HOURS.start else []))
        return collecting.read(TYPE, HOURS, **options(api))

    return read


def test_pages_and_windows_change_no_row(api: RecordedApi, collecting) -> None:
    tables = []
    for a_page in (4, 1000):
        api._routes.clear()
        api.on(COMPLETIONS, openai_buckets(by_the_hour, a_page))
        tables.append(collecting.read(TYPE, **options(api, backfill="1h")))
    assert tables[0].rows == tables[1].rows
    assert tables[0].reading.requests == 3
    assert tables[1].reading.requests == 1
    assert tables[1].reading.coverage == (Window(MIDNIGHT, MIDNIGHT + 11 * HOUR),)
    narrow = collecting.read(TYPE, Window(MIDNIGHT + HOUR, MIDNIGHT + 3 * HOUR), **options(api))
    assert narrow.rows == [row for row in tables[1].rows if 1 <= row["hour"].hour < 3]


def test_it_asks_by_the_hour_with_the_key_and_every_dimension(api: RecordedApi, collecting) -> None:
    api.on(COMPLETIONS, openai_buckets(by_the_hour))
    collecting.read(TYPE, HOURS, **options(api))
    [asked] = api.requests
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.query == {
        "start_time": str(int(HOURS.start.timestamp())),
        "end_time": str(int(HOURS.end.timestamp())),
        "bucket_width": "1h",
        "limit": "2",
        "group_by[]": "service_tier",  # the last of six
    }


def test_a_restated_hour_comes_anew_and_only_its_rows_differ(reading) -> None:
    before = reading(completion())
    assert reading(completion()).rows == before.rows
    after = reading(completion(input_tokens=150))
    different = [(old, new) for old, new in zip(before.rows, after.rows, strict=True) if old != new]
    assert [(old["metric"], old["quantity"], new["quantity"]) for old, new in different] == [("tokens.input", 70, 120)]


def test_an_hour_that_one_endpoint_left_out_is_a_gap_and_an_empty_one_is_a_zero(api: RecordedApi, collecting) -> None:
    whole = openai_buckets(lambda _start: [])
    api.on(COMPLETIONS, whole)
    api.on("/v1/organization/usage/images", lambda asked: _first_bucket(whole(asked)))
    collected = collecting.read(TYPE, HOURS, **options(api, endpoints=["completions", "images"]))
    assert collected.rows == []
    assert collected.reading.coverage == (Window(HOURS.start, HOURS.start + HOUR),)


def _first_bucket(answer: Answer) -> Answer:
    return Answer({**answer.body, "data": answer.body["data"][:1]})


def test_every_endpoint_is_asked_unless_some_are_chosen(api: RecordedApi, collecting) -> None:
    for name in ENDPOINTS:
        api.on(f"/v1/organization/usage/{name}", openai_buckets(lambda _start: []))
    collecting.read(TYPE, HOURS, url=f"{api.url}/v1", admin_key=KEY)
    assert [asked.path.rpartition("/")[2] for asked in api.requests] == list(ENDPOINTS)


def test_hours_come_when_they_have_settled(api: RecordedApi, collecting) -> None:
    api.on(COMPLETIONS, openai_buckets(by_the_hour))
    early = MIDNIGHT + timedelta(minutes=10)
    for settles, end in (("15m", MIDNIGHT - HOUR), ("5m", MIDNIGHT)):
        collected = collecting.read(TYPE, HOURS, early, **options(api, settles=settles))
        assert collected.reading.coverage[-1].end == end


def test_counts_that_cannot_be_right_are_listed_together_and_nothing_is_read(reading) -> None:
    with pytest.raises(CollectError) as refused:
        reading(
            completion(input_cached_tokens=101),
            completion(output_tokens=None, model="b"),
            completion(output_tokens="7", model="c"),
            completion(num_model_requests=-1, model="d"),
            completion(input_uncached_tokens=100, model="e"),
            completion(model={"name": "f"}),
        )
    assert refused.value.permanent
    assert [(problem.row, problem.field, problem.message) for problem in refused.value.problems] == [
        (1, "input_tokens", "is less than its parts, which are 101"),
        (2, "output_tokens", "is missing; what was used is not known without it"),
        (3, "output_tokens", "is no count, which is a whole number of 0 or more"),
        (4, "num_model_requests", "is no count, which is a whole number of 0 or more"),
        (5, "input_uncached_tokens", "contradicts the other counts, by which it is 70"),
        (6, "model", "is no text"),
    ]
    assert "completions 2026-11-19T22Z" in str(refused.value)


def test_fields_in_another_order_and_fields_that_are_new_change_nothing(reading) -> None:
    plain = reading(completion()).rows
    shuffled = dict(reversed(completion(input_hologram_tokens=4, object="organization.usage.newer").items()))
    assert reading(shuffled).rows == plain


@pytest.mark.parametrize(
    ("answer", "message", "permanent"),
    [
        ([], "answered with no list of buckets under data", True),
        ({"data": [{"start_time": 1}]}, "a bucket that has no list of results", True),
        ({"data": [{"start_time": 1, "results": []}]}, "a bucket that has no end_time", True),
        ({"data": [{"start_time": "x", "end_time": 1, "results": []}]}, "whose time cannot be read", True),
        ({"data": [{"start_time": 0, "end_time": 86400, "results": []}]}, "a bucket of 1 day, 0:00:00 where", True),
        ({"data": [{"start_time": 0, "end_time": 3600, "results": [1]}]}, "a result that has no fields", True),
        ({"data": [], "has_more": True}, "has more pages and does not name the next", False),
    ],
)
def test_an_answer_of_another_form_is_refused(api: RecordedApi, collecting, answer, message, permanent) -> None:
    api.on(COMPLETIONS, Answer(answer))
    with pytest.raises(CollectError, match=message) as refused:
        collecting.read(TYPE, HOURS, **options(api))
    assert refused.value.permanent is permanent


def test_a_result_that_comes_on_two_pages_is_not_counted_twice(api: RecordedApi, collecting) -> None:
    start = int(HOURS.start.timestamp())
    bucket = {"start_time": start, "end_time": start + 3600, "results": [completion()]}
    restated = {**bucket, "results": [completion(input_tokens=101)]}
    api.on(COMPLETIONS, Answer({"data": [restated]}), page="p2")
    api.on(COMPLETIONS, Answer({"data": [bucket], "has_more": True, "next_page": "p2"}))
    with pytest.raises(CollectError, match="the same result on two pages") as refused:
        collecting.read(TYPE, HOURS, **options(api))
    assert not refused.value.permanent


def test_rate_limits_are_waited_out(api: RecordedApi, collecting) -> None:
    api.on(COMPLETIONS, openai_buckets(by_the_hour))
    api.misbehave(throttled(0), throttled(0))
    collected = collecting.read(TYPE, HOURS, **options(api))
    assert (len(collected.rows), collected.reading.requests) == (16, 3)


def test_a_key_that_is_revoked_midway_ends_the_reading_and_is_never_shown(api: RecordedApi, collecting) -> None:
    api.on(COMPLETIONS, Answer({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401), page="page_1")
    api.on(COMPLETIONS, openai_buckets(by_the_hour, 1))
    with pytest.raises(CollectError, match="answered 401") as refused:
        collecting.read(TYPE, HOURS, **options(api))
    assert refused.value.permanent
    assert KEY not in str(refused.value)
    api.misbehave(expired())
    [need] = collecting.build(TYPE, **options(api)).probe()
    assert "sk-admin" in need.permission
    assert KEY not in str(need)


def test_a_missing_key_and_an_unknown_endpoint_are_told_with_what_to_write(collecting, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    with pytest.raises(ValueError, match=r"admin_key is missing; write admin_key: \$\{OPENAI_ADMIN_KEY\}"):
        collecting.build(TYPE)
    with pytest.raises(ValueError, match="endpoints: 'chat' is not one of completions, "):
        collecting.build(TYPE, admin_key=KEY, endpoints=["chat"])
