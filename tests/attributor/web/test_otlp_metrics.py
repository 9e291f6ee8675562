"""Metrics by OTLP/HTTP: by hand, and from the exporter of the OpenTelemetry SDK to a real server."""

import json
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from otlp_json import attributes
from served_otlp import serving_otlp

from collectors.otlp.attributes import Form
from collectors.otlp.facts import Naming
from collectors.otlp.receiver import Received, Receiver
from collectors.push.events import BodyError
from collectors.push.log import EventLog, LogSettings, LogUnavailableError
from collectors.push.recall import read_events

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
SECOND = 10**9
T0 = int(NOW.timestamp()) * SECOND - 600 * SECOND
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5"}
CLASSIC = "gen_ai.client.token.usage"
DURATION = "gen_ai.client.operation.duration"
SPLIT = "gen_ai.client.inference.usage."


@pytest.fixture
def receiver(log: EventLog) -> Receiver:
    return Receiver(log, lambda: NOW)


def point(end: int, start: int = 0, /, of: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A point of (T0 + start, T0 + end], in seconds."""
    times = {"startTimeUnixNano": str(T0 + start * SECOND), "timeUnixNano": str(T0 + end * SECOND)}
    return {**times, "attributes": attributes({**CHAT, **(of or {})}), **fields}


def tokens(kind: str, total: float, end: int, start: int = 0, **of: Any) -> dict[str, Any]:
    return point(end, start, {"gen_ai.token.type": kind, **of}, sum=total, count="3", bucketCounts=["3"])


def histogram(name: str, *points: dict[str, Any], temporality: int = 2) -> dict[str, Any]:
    return {"name": name, "histogram": {"aggregationTemporality": temporality, "dataPoints": list(points)}}


def counter(name: str, *points: dict[str, Any], temporality: int = 2, grows: bool = True) -> dict[str, Any]:
    data = {"aggregationTemporality": temporality, "isMonotonic": grows, "dataPoints": list(points)}
    return {"name": name, "unit": "{token}", "sum": data}


def body(*metrics: dict[str, Any], **resource: Any) -> bytes:
    of = {"resource": {"attributes": attributes({"service.name": "svc", **resource})}}
    scoped = {"scope": {"name": "x", "version": "1"}, "metrics": list(metrics)}
    return json.dumps({"resourceMetrics": [{**of, "scopeMetrics": [scoped]}]}).encode()


def spans(service: str = "svc", start: int = T0) -> bytes:
    said = {**CHAT, "gen_ai.usage.input_tokens": 5}
    one = {"traceId": "1" * 32, "spanId": "1" * 16, "startTimeUnixNano": str(start), "attributes": attributes(said)}
    of = {"resource": {"attributes": attributes({"service.name": service})}, "scopeSpans": [{"spans": [one]}]}
    return json.dumps({"resourceSpans": [of]}).encode()


def sums(log: EventLog) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for event in read_events(log.folder):
        found[event.metric] += int(event.quantity)
    return {metric: count for metric, count in found.items() if count}


def test_a_histogram_counts_by_its_sum_and_calls_by_the_count_of_durations(log: EventLog, receiver: Receiver) -> None:
    durations = [
        point(60, of={}, sum=1.5, count="4"),
        point(60, of={"error.type": "timeout"}, sum=9.0, count="1"),
    ]
    sent = body(
        histogram(CLASSIC, tokens("input", 1200, 60), tokens("output", 80.0, 60)),
        histogram(DURATION, *durations),
        histogram("http.client.request.duration", point(60, sum=1.0, count="9")),
        team="search",
        list=["a"],
        flag=True,
    )
    for expected in (4, 0):
        assert receiver.metrics(sent, "json").appended.accepted == expected
    assert sums(log) == {"tokens.input": 1200, "tokens.output": 80, "requests": 4, "requests.failed": 1}
    facts = {"model": "gpt-5", "provider": "openai", "service": "svc", "team": "search"}
    assert {tuple(sorted(event.facts.items())) for event in read_events(log.folder)} == {tuple(sorted(facts.items()))}


def test_cumulative_points_add_what_is_new_also_after_restarts_of_either_side(
    log: EventLog, receiver: Receiver
) -> None:
    for end, total in ((60, 100), (120, 150), (120, 150), (90, 130), (180, 150)):
        receiver.metrics(body(histogram(CLASSIC, tokens("input", total, end))), "json")
    assert sums(log) == {"tokens.input": 150}
    again = Receiver(log, lambda: NOW)
    again.metrics(body(histogram(CLASSIC, tokens("input", 170, 240))), "json")
    again.metrics(body(histogram(CLASSIC, tokens("input", 30, 300, 250))), "json")
    again.metrics(body(histogram(CLASSIC, tokens("input", 170, 245))), "json")
    assert sums(log) == {"tokens.input": 200}


def test_delta_points_count_once_by_series_and_interval(log: EventLog, receiver: Receiver) -> None:
    sent = body(histogram(CLASSIC, tokens("input", 100, 60), tokens("input", 50, 120, 60), temporality=1))
    receiver.metrics(sent, "json")
    assert Receiver(log, lambda: NOW).metrics(sent, "json").appended.duplicates == 2
    assert sums(log) == {"tokens.input": 150}


def test_the_newer_counters_are_parted_so_that_every_token_is_in_one_metric(log: EventLog, receiver: Receiver) -> None:
    text, audio = {"gen_ai.token.modality": "text"}, {"gen_ai.token.modality": "audio"}

    def at(end: int, *counts: int) -> bytes:
        names = ("input_tokens", "cache_read.input_tokens", "cache_write.input_tokens", "output_tokens")
        read = [
            counter(SPLIT + name, point(end, of=text, asInt=count)) for name, count in zip(names, counts, strict=True)
        ]
        reasoning = counter(f"{SPLIT}reasoning.output_tokens", point(end, of=text, asInt="7"))
        heard = counter(f"{SPLIT}input_tokens", point(end, of=audio, asInt=20))
        return body(*read, reasoning, heard)

    receiver.metrics(at(60, 1000, 600, 100, 50), "json")
    receiver.metrics(at(120, 1100, 640, 100, 60), "json")
    assert sums(log) == {
        "tokens.input": 360,
        "tokens.cached_input": 640,
        "tokens.cache_write_5m": 100,
        "tokens.input_audio": 20,
        "tokens.output": 53,
        "tokens.reasoning": 7,
    }


def test_parts_without_their_total_count_nothing_for_the_total_has_them(log: EventLog, receiver: Receiver) -> None:
    receiver.metrics(body(counter(f"{SPLIT}cache_read.input_tokens", point(60, asInt=600))), "json")
    receiver.metrics(body(counter(f"{SPLIT}input_tokens", point(60, asInt=1000))), "json")
    assert sums(log) == {"tokens.input": 1000}


def test_of_two_generations_of_one_count_the_first_counts(log: EventLog, receiver: Receiver) -> None:
    both = body(counter(f"{SPLIT}input_tokens", point(60, asInt=1000)), histogram(CLASSIC, tokens("input", 1000, 60)))
    counted = receiver.metrics(both, "json").counted
    assert (sums(log), counted.ignored) == ({"tokens.input": 1000}, 1)
    assert "are not counted: its gen_ai.client.inference.usage.* are, which came first" in counted.warning


@pytest.mark.parametrize(
    ("chosen", "first", "counted"),
    [
        ("first", "spans", {"tokens.input": 5, "requests": 1}),
        ("first", "metrics", {"tokens.input": 100}),
        ("spans", "metrics", {"tokens.input": 5, "requests": 1}),
        ("metrics", "spans", {"tokens.input": 100}),
    ],
)
def test_of_spans_and_metrics_of_one_service_one_kind_counts(
    log: EventLog, chosen: str, first: str, counted: dict[str, int]
) -> None:
    sent: dict[str, Callable[[Receiver], Received]] = {
        "spans": lambda ours: ours.spans(spans(), "json"),
        "metrics": lambda ours: ours.metrics(body(histogram(CLASSIC, tokens("input", 100, 60))), "json"),
    }
    for kind in (first, *sent):
        found = sent[kind](Receiver(log, lambda: NOW, chosen=chosen)).counted
        assert bool(found.warning) == bool(found.ignored)
    assert sums(log) == counted
    other = Receiver(log, lambda: NOW, chosen=chosen).spans(spans("another"), "json").appended
    assert other.duplicates + other.accepted == (0 if chosen == "metrics" else 2)


def test_a_kind_that_was_silent_for_a_day_is_followed_by_the_other_from_then_on(log: EventLog) -> None:
    Receiver(log, lambda: NOW - timedelta(days=2)).spans(spans(start=T0 - 2 * 86_400 * SECOND), "json")
    ours = Receiver(log, lambda: NOW)
    for end, total in ((300, 1000), (900, 1100)):
        ours.metrics(body(histogram(CLASSIC, tokens("input", total, end, -7200))), "json")
    assert sums(log) == {"tokens.input": 105, "requests": 1}


def test_bad_points_are_told_and_harm_no_other(log: EventLog, receiver: Receiver) -> None:
    bad = [
        histogram(CLASSIC, tokens("input", 1.5, 60), tokens("cached", 5, 60), tokens("input", -1, 60, a=1)),
        histogram(CLASSIC, point(60, of={"gen_ai.token.type": "input", "b": 1}, count="2")),
        histogram(CLASSIC, tokens("input", 5, 7200), tokens("input", 5, -86_400 * 60)),
        counter(CLASSIC, tokens("input", 5, 60) | {"asInt": 5}, grows=False),
        {"name": CLASSIC, "gauge": {"dataPoints": [tokens("input", 5, 60) | {"asDouble": "NaN"}]}},
        histogram(CLASSIC, tokens("input", 5, 60, c=1), temporality=0),
        histogram(CLASSIC, tokens("input", 10**13, 60, d=1)),
    ]
    good = histogram(CLASSIC, tokens("output", 3, 60), tokens("output", 9, 60) | {"flags": 1})
    counted = receiver.metrics(body(*bad, good), "json").counted
    assert counted.rejected == 10
    assert counted.error == "gen_ai.client.token.usage: 1.5 is no count of tokens"
    assert sums(log) == {"tokens.output": 3}


def test_agents_that_sum_their_calls_are_passed_over(log: EventLog, receiver: Receiver) -> None:
    agent = {"gen_ai.operation.name": "invoke_agent"}
    assert receiver.metrics(body(histogram(CLASSIC, tokens("input", 9, 60, **agent))), "json").counted.events == ()


def test_what_could_not_be_stored_counts_when_it_is_sent_again(log: EventLog, tmp_path: Path) -> None:
    ours = Receiver(log, lambda: NOW)
    ours.metrics(body(histogram(CLASSIC, tokens("input", 100, 60))), "json")
    log.close()
    with pytest.raises(LogUnavailableError):
        ours.metrics(body(histogram(CLASSIC, tokens("input", 150, 120))), "json")
    opened = EventLog(log.folder, lambda: NOW, LogSettings())
    Receiver(opened, lambda: NOW).metrics(body(histogram(CLASSIC, tokens("input", 150, 120))), "json")
    opened.close()
    assert sums(opened) == {"tokens.input": 150}


def test_bodies_that_come_at_once_count_as_they_would_one_after_the_other(log: EventLog, receiver: Receiver) -> None:
    totals = {end: end * 3 for end in range(10, 400, 10)}
    bodies = [body(histogram(CLASSIC, tokens("input", total, end))) for end, total in totals.items()]
    with ThreadPoolExecutor(8) as pool:
        received = list(pool.map(lambda sent: receiver.metrics(sent, "json"), bodies))
    assert sums(log) == {"tokens.input": max(totals.values())}
    assert sum(one.appended.accepted for one in received) == len(list(read_events(log.folder)))


@pytest.mark.parametrize(
    ("content", "form"), [(b"{", "json"), (b'{"resourceMetrics": 1}', "json"), (b"\xff", "protobuf")]
)
def test_a_body_that_is_none_is_refused(receiver: Receiver, content: bytes, form: Form) -> None:
    with pytest.raises(BodyError, match="the body is no"):
        receiver.metrics(content, form)


def test_a_damaged_memory_of_what_counts_is_told(log: EventLog) -> None:
    (log.folder / "otlp.json").write_text("{")
    with pytest.raises(ValueError, match=r"otlp.json is damaged"):
        Receiver(log, lambda: NOW)


def test_the_configured_attributes_tell_facts_of_metrics_too(log: EventLog) -> None:
    ours = Receiver(log, lambda: NOW, Naming.of({"feature": "app.feature"}))
    ours.metrics(body(histogram(CLASSIC, tokens("input", 9, 60, **{"app.feature": "answers"}))), "json")
    assert [event.facts["feature"] for event in read_events(log.folder)] == ["answers"]


@pytest.mark.parametrize("temporality", [AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE])
def test_the_exporter_of_the_sdk_is_understood(tmp_path: Path, temporality: AggregationTemporality) -> None:
    log = EventLog(tmp_path / "events", lambda: datetime.now(UTC), LogSettings())
    receiver = Receiver(log, lambda: datetime.now(UTC))
    with serving_otlp(receiver, "t0ken") as address:
        exporter = OTLPMetricExporter(
            f"{address}/v1/metrics",
            headers={"Authorization": "Bearer t0ken"},
            compression=Compression.Gzip,
            preferred_temporality={Histogram: temporality, Counter: temporality},
        )
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
        provider = MeterProvider([reader], resource=Resource.create({"service.name": "svc", "team": "search"}))
        meter = provider.get_meter("test")
        used, took = meter.create_histogram(CLASSIC, "{token}"), meter.create_histogram(DURATION, "s")
        for count in (100, 20, 3):
            used.record(count, {**CHAT, "gen_ai.token.type": "input"})
            used.record(2 * count, {**CHAT, "gen_ai.token.type": "output"})
            took.record(0.7, CHAT)
            assert provider.force_flush()
        provider.shutdown()
    log.close()
    assert sums(log) == {"tokens.input": 123, "tokens.output": 246, "requests": 3}
    assert {event.facts["team"] for event in read_events(log.folder)} == {"search"}


def test_protobuf_and_json_are_answered_alike(log: EventLog, receiver: Receiver) -> None:
    import httpx2

    bad = json.loads(body(histogram(CLASSIC, tokens("cached", 5, 60))))
    request = ExportMetricsServiceRequest()
    of = request.resource_metrics.add().scope_metrics.add().metrics.add(name=CLASSIC)
    of.sum.data_points.add(as_int=5, time_unix_nano=T0)
    with serving_otlp(receiver) as address:
        said = httpx2.post(f"{address}/v1/metrics", json=bad).json()["partialSuccess"]
        assert said["rejectedDataPoints"] == "1"
        headers = {"Content-Type": "application/x-protobuf"}
        answer = httpx2.post(f"{address}/v1/metrics", content=request.SerializeToString(), headers=headers)
        empty = httpx2.post(f"{address}/v1/metrics", content=b"", headers=headers)
    partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (partial.rejected_data_points, partial.error_message) == (
        1,
        said["errorMessage"].replace("'cached'", "None"),
    )
    assert (empty.status_code, empty.content) == (200, b"")
