import gzip
import json
import resource
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from attributor.web.intake import PushCounts
from attributor.web.usage_api import usage_router
from attributor.web.usage_body import LARGEST_BODY
from collectors.push.log import EventLog
from collectors.push.recall import read_events

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
URL = "/api/v1/usage"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    known = {"id": event_id, "time": "2026-11-20T10:00:00Z", "metric": "tokens.input", "quantity": 1, "team": "search"}
    return known | changes


def body(*events: dict[str, Any]) -> bytes:
    return json.dumps({"events": events}).encode()


@pytest.fixture
def client(log: EventLog, counts: list[PushCounts]) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(usage_router(log, counted=counts.append))
    with TestClient(app) as client:
        yield client


def stored(log: EventLog) -> list[str]:
    return [each.id for each in read_events(log.folder)]


@pytest.mark.parametrize("said", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=str)
def test_a_page_of_another_site_pushes_nothing(client: TestClient, log: EventLog, said: dict[str, str]) -> None:
    answer = client.post(URL, content=body(event("a")), headers=said)
    assert (answer.status_code, "another site" in answer.json()["detail"]) == (403, True)
    assert stored(log) == []


def test_the_answer_says_what_was_stored_what_was_known_and_what_is_wrong(
    client: TestClient, log: EventLog, counts: list[PushCounts]
) -> None:
    assert client.post(URL, content=body(event("a")), headers=JSON).json() == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [],
    }
    answer = client.post(URL, content=body(event("a"), event("b", quantity=-1), event("c")), headers=JSON)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [{"index": 1, "error": "quantity = -1 is not between 0 and 1,000,000,000,000"}],
    }
    assert stored(log) == ["a", "c"]
    assert counts == [PushCounts(1, 0, 0), PushCounts(1, 1, 1)]


def test_lines_gzip_and_a_missing_content_type_are_read(client: TestClient, log: EventLog) -> None:
    lines = b"\n".join(json.dumps(event(name)).encode() for name in "ab")
    assert client.post(URL, content=lines, headers=NDJSON).json()["accepted"] == 2
    packed = gzip.compress(body(event("c")))
    with_charset = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}
    assert client.post(URL, content=packed, headers=with_charset).json()["accepted"] == 1
    assert client.post(URL, content=json.dumps(event("d")).encode()).json()["accepted"] == 1
    assert stored(log) == ["a", "b", "c", "d"]


def test_a_large_body_is_stored_like_a_small_one(client: TestClient, log: EventLog) -> None:
    names = [f"event-{number}" for number in range(2000)]
    answer = client.post(URL, content=body(*map(event, names)), headers=JSON)
    assert answer.json() == {"accepted": 2000, "duplicates": 0, "rejected": []}
    assert stored(log) == names


GZIP = JSON | {"Content-Encoding": "gzip"}
TOO_LARGE = b" " * (LARGEST_BODY + 1)
REFUSED = {
    "empty": (b"", JSON, 400, "the body is empty"),
    "no JSON": (b"hello", JSON, 400, "the body is not JSON"),
    "cut": (body(event("a"))[:-3], JSON, 400, "the body is not JSON"),
    "a bare list": (json.dumps([event("a")]).encode(), JSON, 400, 'send {"events": [...]}'),
    "lines of words": (b"one\ntwo", NDJSON, 400, "one event a line"),
    "no gzip": (body(event("a")), GZIP, 400, "the body is not gzip"),
    "cut gzip": (gzip.compress(body(event("a")))[:-9], GZIP, 400, "not one whole gzip member"),
    "gzip and more": (gzip.compress(body(event("a"))) + b"x", GZIP, 400, "not one whole gzip member"),
    "damaged gzip": (gzip.compress(body(event("a")))[:-4] + b"xxxx", GZIP, 400, "the body is not gzip"),
    "too large": (TOO_LARGE, JSON, 413, "larger than 16,777,216 bytes"),
    "bomb": (gzip.compress(TOO_LARGE), GZIP, 413, "larger than 16,777,216 bytes"),
    "form": (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "is not read here"),
    "packed otherwise": (zlib.compress(b"{}"), JSON | {"Content-Encoding": "deflate"}, 415, "deflate is not read"),
}


@pytest.mark.parametrize(("content", "headers", "status", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_body_is_refused_whole_with_one_clear_error(
    client: TestClient, log: EventLog, content: bytes, headers: dict[str, str], status: int, error: str
) -> None:
    answer = client.post(URL, content=content, headers=headers)
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    assert error in answer.json()["detail"]
    assert stored(log) == []
    assert client.post(URL, content=body(event("a")), headers=JSON).json()["accepted"] == 1


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(client: TestClient) -> None:
    chunks = (b" " * 2**20 for _ in range(20))
    assert client.post(URL, content=chunks, headers=JSON).status_code == 413


def test_with_a_token_only_those_who_bear_it_are_read(log: EventLog) -> None:
    app = FastAPI()
    app.include_router(usage_router(log, token="sécret"))
    with TestClient(app) as client:
        for shown in (None, "", "Bearer", "Bearer wrong", "Basic sécret", "sécret", "Bearer sécret2"):
            headers = JSON if shown is None else JSON | {"Authorization": shown.encode()}
            answer = client.post(URL, content=body(event("a")), headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "sécret" not in answer.text
        headers = JSON | {"Authorization": "bearer sécret".encode()}
        assert client.post(URL, content=body(event("a")), headers=headers).json()["accepted"] == 1
    assert stored(log) == ["a"]


def test_a_full_disk_answers_503_and_the_same_body_is_stored_later(client: TestClient, log: EventLog) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        answer = client.post(URL, content=body(event("a"), event("b")), headers=JSON)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "nothing was stored" in answer.json()["detail"]
    assert stored(log) == []
    answer = client.post(URL, content=body(event("a"), event("b")), headers=JSON)
    assert answer.json() == {"accepted": 2, "duplicates": 0, "rejected": []}


def test_a_closed_log_answers_503(client: TestClient, log: EventLog) -> None:
    log.close()
    assert client.post(URL, content=body(event("a")), headers=JSON).status_code == 503
