"""Spans by OTLP/HTTP: by hand, and from the exporter of the OpenTelemetry SDK to a real server."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace import Status, StatusCode
from otlp_json import attributes
from served_otlp import serving_otlp

from attributor.web.intake import PushCounts
from attributor.web.otlp_api import otlp_router
from collectors.base import SourceSettings
from collectors.otlp.facts import Naming
from collectors.otlp.receiver import Receiver
from collectors.push.log import EventLog
from collectors.push.options import otlp_facts
from collectors.push.recall import read_events

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
START = int((NOW - timedelta(minutes=5)).timestamp()) * 10**9
JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
def client(log: EventLog, counts: list[PushCounts]) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(
        otlp_router(Receiver(log, lambda: NOW, Naming.of({"feature": "app.feature"})), counted=counts.append)
    )
    with TestClient(app) as client:
        yield client


def span(number: int, used: dict[str, Any], start: int = START, **fields: Any) -> dict[str, Any]:
    return {
        "traceId": f"{number:032X}",
        "spanId": f"{number:016x}",
        "name": "chat gpt-5",
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 10**9),
        "attributes": attributes({"gen_ai.request.model": "gpt-5", **used}),
        "status": {"code": 1},
        "unknown": {"ignored": [1]},
        **fields,
    }


def body(*spans: dict[str, Any], **resource: Any) -> bytes:
    scopes = [{"scope": {"name": "x"}, "spans": list(spans)}]
    of = {"resource": {"attributes": attributes({"service.name": "svc", **resource})}, "scopeSpans": scopes}
    return json.dumps({"resourceSpans": [of]}).encode()


def sums(log: EventLog) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for event in read_events(log.folder):
        found[event.metric] += int(event.quantity)
    return dict(found)


CHAT = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 1500, "gen_ai.usage.output_tokens": 200}
CACHED = {"gen_ai.usage.cache_read.input_tokens": 1000, "gen_ai.usage.reasoning.output_tokens": 150}


def test_a_span_counts_once_and_every_token_in_one_metric(
    client: TestClient, log: EventLog, counts: list[PushCounts]
) -> None:
    sent = body(span(1, CHAT | CACHED | {"app.feature": "answers"}), team="search")
    for _ in range(2):
        answer = client.post("/v1/traces", content=sent, headers=JSON)
        assert (answer.status_code, answer.json()) == (200, {})
    used = {"tokens.input": 500, "tokens.cached_input": 1000, "tokens.output": 50, "tokens.reasoning": 150}
    assert sums(log) == {**used, "requests": 1}
    facts = {"model": "gpt-5", "service": "svc", "team": "search", "feature": "answers"}
    assert {tuple(sorted(event.facts.items())) for event in read_events(log.folder)} == {tuple(sorted(facts.items()))}
    assert counts == [PushCounts(5, 0, 0), PushCounts(0, 5, 0)]


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        pytest.param(
            {"gen_ai.system": "openai", "gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": 3},
            {"tokens.input": 7, "tokens.output": 3, "requests": 1},
            id="the oldest names",
        ),
        pytest.param(
            CHAT | {"gen_ai.usage.cache_read.input_tokens": 4000, "gen_ai.usage.cache_creation.input_tokens": 100},
            {
                "tokens.input": 1500,
                "tokens.cached_input": 4000,
                "tokens.cache_write_5m": 100,
                "tokens.output": 200,
                "requests": 1,
            },
            id="input without the cache, against the conventions",
        ),
        pytest.param(
            CHAT | {"gen_ai.usage.cache_write.input_tokens": 300, "gen_ai.usage.audio.input_tokens": 200},
            {
                "tokens.input": 1000,
                "tokens.cache_write_5m": 300,
                "tokens.input_audio": 200,
                "tokens.output": 200,
                "requests": 1,
            },
            id="the newest names",
        ),
        pytest.param(CHAT | {"gen_ai.operation.name": "invoke_agent"}, {}, id="an agent, which sums its calls"),
        pytest.param({"http.method": "GET"}, {}, id="no call of a model"),
        pytest.param(
            {"gen_ai.operation.name": "chat", "error.type": "timeout"}, {"requests.failed": 1}, id="a call that failed"
        ),
    ],
)
def test_the_names_of_every_generation_are_read(
    client: TestClient, log: EventLog, used: dict[str, Any], expected: dict[str, int]
) -> None:
    assert client.post("/v1/traces", content=body(span(1, used)), headers=JSON).json() == {}
    assert sums(log) == expected


def test_bad_spans_are_told_and_harm_no_other(client: TestClient, log: EventLog, counts: list[PushCounts]) -> None:
    bad = [
        span(1, CHAT | {"gen_ai.usage.input_tokens": -1}),
        span(2, CHAT | {"gen_ai.usage.input_tokens": "many"}),
        span(3, CHAT, start=1),
        span(4, CHAT, traceId="0" * 32),
    ]
    answer = client.post("/v1/traces", content=gzip.compress(body(*bad, span(5, CHAT))), headers=JSON | GZIP)
    partial = answer.json()["partialSuccess"]
    assert partial["rejectedSpans"] == "4"
    assert "gen_ai.usage.input_tokens = -1 is no count" in partial["errorMessage"]
    assert sums(log)["requests"] == 1
    assert counts == [PushCounts(3, 0, 4)]


GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", JSON, 400),
        (b'{"resourceSpans": 1}', JSON, 400),
        (b"\xff\xff\xff", PROTOBUF, 400),
        (b"no gzip", PROTOBUF | GZIP, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", JSON | {"Content-Encoding": "br"}, 415),
        (b" " * (16 * 2**20 + 1), JSON, 413),
    ],
)
def test_a_body_that_is_not_read_stores_nothing_and_says_why(
    client: TestClient, log: EventLog, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/v1/traces", content=content, headers=headers)
    assert answer.status_code == status
    if headers["Content-Type"] == "application/x-protobuf":
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert answer.content[0:1] == b"\x12"
    else:
        assert answer.json()["message"]
    assert sums(log) == {}


def test_a_log_that_cannot_store_asks_to_send_again(client: TestClient, log: EventLog) -> None:
    log.close()
    answer = client.post("/v1/traces", content=body(span(1, CHAT)), headers=JSON)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    ("facts", "message"),
    [({"metric": "x"}, "otlp_facts: 'metric' is a name that is taken"), (["team"], "otlp_facts is a map of words")],
)
def test_facts_that_cannot_be_are_told(tmp_path: Path, facts: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        otlp_facts(SourceSettings("gateway", {"otlp_facts": facts}, tmp_path, lambda: NOW))


@pytest.fixture
def served(log: EventLog) -> Iterator[str]:
    with serving_otlp(Receiver(log, lambda: NOW), "t0ken") as address:
        yield f"{address}/v1/traces"


def test_the_exporter_of_the_sdk_is_understood(served: str, log: EventLog) -> None:
    bearing = {"Authorization": "Bearer t0ken"}
    exporter = OTLPSpanExporter(served, headers=bearing, compression=Compression.Gzip, timeout=10)
    provider = TracerProvider(resource=Resource.create({"service.name": "svc", "team": "search"}))
    results: list[SpanExportResult] = []
    export = exporter.export
    exporter.export = lambda spans: results.append(export(spans)) or results[-1]  # type: ignore[method-assign, func-returns-value]
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    agent = tracer.start_span(
        "invoke_agent", start_time=START, attributes=CHAT | {"gen_ai.operation.name": "invoke_agent"}
    )
    tracer.start_span(
        "chat gpt-5", start_time=START, attributes=CHAT | CACHED | {"gen_ai.response.model": "gpt-5"}
    ).end()
    failed = tracer.start_span("chat gpt-5", start_time=START, attributes={"gen_ai.operation.name": "chat"})
    failed.set_status(Status(StatusCode.ERROR, "timeout"))
    failed.end()
    agent.end()
    provider.shutdown()
    assert results == [SpanExportResult.SUCCESS] * 3
    used = {"tokens.input": 500, "tokens.cached_input": 1000, "tokens.output": 50, "tokens.reasoning": 150}
    assert sums(log) == {**used, "requests": 1, "requests.failed": 1}
    assert {event.facts["team"] for event in read_events(log.folder)} == {"search"}


def test_protobuf_is_answered_in_protobuf_and_the_token_is_asked_for(served: str, log: EventLog) -> None:
    import httpx2

    answer = httpx2.post(served, content=b"", headers=PROTOBUF | {"Authorization": "Bearer t0ken"})
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert httpx2.post(served, content=b"", headers=PROTOBUF).status_code == 401
