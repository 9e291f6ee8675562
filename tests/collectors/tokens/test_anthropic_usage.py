"""Anthropic's usage report: windows, pages, faults, and answers that cannot be right."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bucket_api import anthropic_buckets
from recorded_api import Answer, RecordedApi, expired, throttled

from collectors.api.windows import HOUR
from collectors.base import CollectError, Window
from collectors.tokens.anthropic_usage import TYPE

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = Window(MIDNIGHT - 2 * HOUR, MIDNIGHT)
PATH = "/v1/organizations/usage_report/messages"
KEY = "sk-ant-admin-very-secret"


def message(**changed: Any) -> dict[str, Any]:
    return {
        "uncached_input_tokens": 70,
        "cache_read_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 4},
        "output_tokens": 7,
        "server_tool_use": {"web_search_requests": 1},
        "model": "claude-sonnet-4-5",
        "workspace_id": "wrkspc_a",
        "service_tier": "standard",
        **changed,
    }


def options(api: RecordedApi, **more: Any) -> dict[str, Any]:
    return {"url": api.url, "admin_key": KEY, **more}


@pytest.fixture
def reading(api: RecordedApi, collecting):
    """Reads two hours, of which the first is answered with these results."""

    def read(*results: dict[str, Any]):
        api._routes.clear()
        api.on(PATH, anthropic_buckets(lambda start: results if start == HOURS.start else []))
        return collecting.read(TYPE, HOURS, **options(api))

    return read


def test_it_asks_by_the_hour_with_key_and_version(api: RecordedApi, reading) -> None:
    reading(message())
    [asked] = api.requests
    assert (asked.headers["x-api-key"], asked.headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert asked.query == {
        "starting_at": "2026-11-19T22:00:00Z",
        "ending_at": "2026-11-20T00:00:00Z",
        "bucket_width": "1h",
        "limit": "2",
        "group_by[]": "inference_geo",  # the last of eight
    }


def test_pages_windows_and_restatement_change_only_what_anthropic_changed(api, collecting, reading) -> None:
    def hourly(start: datetime) -> list[dict[str, Any]]:
        return [message(uncached_input_tokens=start.hour + 1), message(workspace_id=None)]

    tables = []
    for a_page in (4, 168):
        api._routes.clear()
        api.on(PATH, anthropic_buckets(hourly, a_page))
        tables.append(collecting.read(TYPE, **options(api, backfill="1h")))
    assert tables[0].rows == tables[1].rows
    assert (tables[0].reading.requests, tables[1].reading.requests) == (3, 1)
    assert tables[0].reading.coverage == (Window(MIDNIGHT, MIDNIGHT + 11 * HOUR),)
    before, after = reading(message()).rows, reading(message(output_tokens=9)).rows
    changed = [(new["metric"], new["quantity"]) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [("tokens.output", 9)]


def test_counts_that_cannot_be_right_are_listed_together_and_nothing_is_read(reading) -> None:
    with pytest.raises(CollectError) as refused:
        reading(
            message(uncached_input_tokens=None),
            message(cache_creation=None),
            message(cache_creation=9),
            message(cache_creation={"ephemeral_5m_input_tokens": 5}),
            message(output_tokens=-1),
            message(server_tool_use={"web_search_requests": "3"}),
            message(workspace_id=7),
        )
    assert refused.value.permanent
    assert [(problem.row, problem.field, problem.value) for problem in refused.value.problems] == [
        (1, "uncached_input_tokens", None),
        (2, "cache_creation", None),
        (3, "cache_creation", "9"),
        (4, "ephemeral_1h_input_tokens", None),
        (5, "output_tokens", "-1"),
        (6, "web_search_requests", "3"),
        (7, "workspace_id", "7"),
    ]


def test_fields_in_another_order_and_fields_that_are_new_change_nothing(reading) -> None:
    plain = reading(message()).rows
    assert reading(dict(reversed(message(speed="fast", novelty={"a": 1}).items()))).rows == plain
    assert reading(message(server_tool_use=None)).rows == [row for row in plain if row["metric"] != "web_searches"]


def test_a_time_without_an_offset_is_refused(api: RecordedApi, collecting) -> None:
    bucket = {"starting_at": "2026-11-19T22:00:00", "ending_at": "2026-11-19T23:00:00", "results": []}
    api.on(PATH, Answer({"data": [bucket]}))
    with pytest.raises(CollectError, match="whose time cannot be read: '2026-11-19T22:00:00' has no time zone"):
        collecting.read(TYPE, HOURS, **options(api))


def test_a_bucket_that_was_left_out_is_a_gap_and_one_outside_is_left_to_its_own_window(api, collecting) -> None:
    earlier = {"starting_at": "2026-11-19T21:00:00Z", "ending_at": "2026-11-19T22:00:00Z", "results": [message()]}
    empty = {"starting_at": "2026-11-20T00:00:00+01:00", "ending_at": "2026-11-20T00:00:00Z", "results": []}
    api.on(PATH, Answer({"data": [earlier, empty]}))
    collected = collecting.read(TYPE, HOURS, **options(api))
    assert (collected.rows, collected.reading.coverage) == ([], (Window(MIDNIGHT - HOUR, MIDNIGHT),))


def test_limits_are_waited_out_and_a_revoked_key_is_never_shown(api: RecordedApi, collecting) -> None:
    api.on(PATH, Answer({"type": "error", "error": {"message": f"invalid x-api-key {KEY}"}}, 401), page="page_1")
    api.on(PATH, anthropic_buckets(lambda _start: [message()], 1))
    api.misbehave(throttled(0))
    with pytest.raises(CollectError, match=r"answered 401.*invalid x-api-key •••") as refused:
        collecting.read(TYPE, HOURS, **options(api))
    assert refused.value.permanent
    assert KEY not in str(refused.value)
    api.misbehave(expired())
    [need] = collecting.build(TYPE, **options(api)).probe()
    assert "sk-ant-admin…" in need.permission
    assert need.problem is not None


def test_the_key_comes_from_the_environment_where_it_is_not_configured(api, collecting, monkeypatch) -> None:
    monkeypatch.delenv("ANTHROPIC_ADMIN_API_KEY", raising=False)
    with pytest.raises(ValueError, match=r"write admin_key: \$\{ANTHROPIC_ADMIN_API_KEY\}"):
        collecting.build(TYPE)
    monkeypatch.setenv("ANTHROPIC_ADMIN_API_KEY", "sk-ant-admin-other")
    api.on(PATH, anthropic_buckets(lambda _start: []))
    collecting.read(TYPE, HOURS, url=api.url)
    assert api.requests[0].headers["x-api-key"] == "sk-ant-admin-other"
