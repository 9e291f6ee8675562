"""Durable, idempotent usage events over HTTP, beside a bare parse and SQLite commit of the same events.

    python tests/bench/bench_push.py [--seconds 5] [--connections 4]

The same is done with OTLP/HTTP in protobuf: spans of model calls, each of which becomes four events, and data points of
cumulative histograms, every batch those of another process.

A real uvicorn with the real routes runs in a process of its own, on loopback; another process sends batches of 1,000
events over keep-alive connections. An event counts once its answer says that it is on disk; at the end the log is
read back and must hold each exactly once. Exits 1 below 100,000 events, 20,000 spans or 20,000 data points a second.
"""

import argparse
import http.client
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import uvicorn
from fastapi import FastAPI
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from attributor.web.otlp_api import otlp_router
from attributor.web.usage_api import usage_router
from collectors.otlp.receiver import Receiver
from collectors.push.log import EventLog, LogSettings
from collectors.push.recall import read_events

BATCH = 1_000
LIMITS = {"events": 100_000, "spans": 20_000, "data points": 20_000}
_PLACE = b"@@@@@@@@"


def template() -> bytes:
    """Return a body of one batch, each id with a place for the batch's number."""
    chance = random.Random(7)
    now = datetime.now(UTC)
    events = [
        {
            "id": f"call-{_PLACE.decode()}-{index:04d}:tokens",
            "time": (now - timedelta(milliseconds=chance.randrange(3_600_000))).isoformat(timespec="milliseconds"),
            "metric": chance.choice(["tokens.input", "tokens.cached_input", "tokens.output"]),
            "pool": "gateway",
            "quantity": chance.choice([chance.randrange(100_000), chance.randrange(10**6) / 1000]),
            "team": chance.choice(["search", "ads", "research"]),
            "model": chance.choice(["large", "small"]),
            "api_key": f"key-{chance.randrange(200)}",
        }
        for index in range(BATCH)
    ]
    return orjson.dumps({"events": events})


def spans() -> bytes:
    """Return a body of one batch of spans, each trace's id with a place for the batch's number."""
    chance = random.Random(7)
    start = time.time_ns() - 60 * 10**9
    request = ExportTraceServiceRequest()
    of = request.resource_spans.add()
    of.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value="assistant")))
    scope = of.scope_spans.add()
    for index in range(BATCH):
        span = scope.spans.add(trace_id=_PLACE + index.to_bytes(8, "big"), span_id=(index + 1).to_bytes(8, "big"))
        span.name, span.kind, span.start_time_unix_nano, span.end_time_unix_nano = "chat gpt-5", 3, start, start + 10**9
        said = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5",
            "gen_ai.response.model": chance.choice(["gpt-5", "gpt-5-mini"]),
            "gen_ai.response.id": f"chatcmpl-{index}",
            "team": chance.choice(["search", "ads", "research"]),
            "server.address": "api.openai.com",
        }
        used = {"input_tokens": 2000, "cache_read.input_tokens": chance.randrange(1, 1999), "output_tokens": 300}
        span.attributes.extend(KeyValue(key=key, value=AnyValue(string_value=text)) for key, text in said.items())
        span.attributes.extend(
            KeyValue(key=f"gen_ai.usage.{key}", value=AnyValue(int_value=count)) for key, count in used.items()
        )
    return request.SerializeToString()


def points() -> bytes:
    """Return a body of one batch of data points, the process' name with a place for the batch's number."""
    chance = random.Random(7)
    now = time.time_ns()
    request = ExportMetricsServiceRequest()
    of = request.resource_metrics.add()
    instance = f"assistant-{_PLACE.decode()}"
    for key, text in {"service.name": "assistant", "service.instance.id": instance, "team": "search"}.items():
        of.resource.attributes.append(KeyValue(key=key, value=AnyValue(string_value=text)))
    histogram = of.scope_metrics.add().metrics.add(name="gen_ai.client.token.usage", unit="{token}").histogram
    histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    for index in range(BATCH):
        point = histogram.data_points.add(start_time_unix_nano=now - 60 * 10**9, time_unix_nano=now)
        point.count, point.sum = 7, float(chance.randrange(1, 10**6))
        point.explicit_bounds.extend(4.0**power for power in range(14))
        point.bucket_counts.extend([0] * 7 + [7] + [0] * 7)
        said = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5",
            "gen_ai.response.model": chance.choice(["gpt-5", "gpt-5-mini"]),
            "gen_ai.token.type": ("input", "output")[index % 2],
            "server.address": "api.openai.com",
            "user.id": f"user-{index // 2}",
        }
        point.attributes.extend(KeyValue(key=key, value=AnyValue(string_value=text)) for key, text in said.items())
    return request.SerializeToString()


@dataclass(frozen=True)
class Load:
    """What is sent where, what must be answered, and how many events become of each thing sent."""

    path: str
    content_type: str
    body: bytes
    answer: bytes
    events: int


def load(name: str) -> Load:
    """Return the load of this name."""
    if name == "spans":
        return Load("/v1/traces", "application/x-protobuf", spans(), b"", 4)
    if name == "data points":
        return Load("/v1/metrics", "application/x-protobuf", points(), b"", 1)
    answer = orjson.dumps({"accepted": BATCH, "duplicates": 0, "rejected": []})
    return Load("/api/v1/usage", "application/json", template(), answer, 1)


def numbered(body: bytes, number: int) -> bytes:
    """Return the batch of this number: the same events under other ids."""
    return body.replace(_PLACE, b"%08x" % number)


def serve(folder: Path) -> None:
    """Serve the route until the process is terminated; print the port and the processor seconds used so far first."""
    log = EventLog(folder, lambda: datetime.now(UTC), LogSettings())
    app = FastAPI()
    app.include_router(usage_router(log))
    app.include_router(otlp_router(Receiver(log, lambda: datetime.now(UTC))))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], time.process_time(), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
    log.close()


def send(port: int, name: str, seconds: float, connections: int) -> None:
    """Send for so long and print how much was acknowledged, seconds taken and the 99th percentile of answers."""
    sent = load(name)
    until = time.perf_counter() + seconds
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        lanes = [
            pool.submit(_send_lane, port, sent, until, range(lane, 2**32, connections)) for lane in range(connections)
        ]
        found = [lane.result() for lane in lanes]
    taken = time.perf_counter() - began
    waits = sorted(wait for lane in found for wait in lane)
    print(json.dumps({"events": BATCH * len(waits), "seconds": taken, "p99": waits[int(len(waits) * 0.99)]}))


def _send_lane(port: int, sent: Load, until: float, numbers: range) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    waits = []
    for number in numbers:
        began = time.perf_counter()
        if began >= until:
            break
        connection.request("POST", sent.path, numbered(sent.body, number), {"Content-Type": sent.content_type})
        answer = connection.getresponse().read()
        if answer != sent.answer:
            raise SystemExit(f"not accepted: {answer!r}")
        waits.append(time.perf_counter() - began)
    connection.close()
    return waits


def bare(folder: Path, seconds: float) -> float:
    """Return events a second that a bare parse and one SQLite commit a batch store, by id, in this process."""
    database = sqlite3.connect(folder / "bare.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID")
    body, number, began = template(), 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        events = orjson.loads(numbered(body, number))["events"]
        rows = [(event["id"], f"{event['time']} {event['metric']} {event['quantity']}") for event in events]
        with database:
            database.executemany("INSERT OR IGNORE INTO events VALUES (?, ?)", rows)
        number += 1
    database.close()
    return number * BATCH / (time.perf_counter() - began)


def pushed(folder: Path, name: str, seconds: float, connections: int) -> dict[str, float]:
    """Run server and sender; return what the sender printed after checking it against the log."""
    log = folder / name
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(log)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port, started = server.stdout.readline().split()
        sender = [
            sys.executable,
            __file__,
            "--send",
            port,
            "--load",
            name,
            "--seconds",
            str(seconds),
            "--connections",
            str(connections),
        ]
        found = subprocess.run(sender, check=True, capture_output=True, text=True)
    finally:
        server.terminate()
        _, _, used = os.wait4(server.pid, 0)
        server.returncode = 0
    result: dict[str, float] = json.loads(found.stdout)
    result["processor"] = used.ru_utime + used.ru_stime - float(started)
    ids = [event.id for event in read_events(log)]
    if len(ids) != result["events"] * load(name).events or len(set(ids)) != len(ids):
        raise SystemExit(f"{result['events']:,} {name} were acknowledged, but the log holds {len(ids):,}")
    return result


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--send", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--load", default="events", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve)
        return 0
    if chosen.send:
        send(chosen.send, chosen.load, chosen.seconds, chosen.connections)
        return 0
    with tempfile.TemporaryDirectory(prefix="attributor-bench-") as folder:
        results = {name: pushed(Path(folder), name, chosen.seconds, chosen.connections) for name in LIMITS}
        base = bare(Path(folder), min(chosen.seconds, 3))
    rates = {name: result["events"] / result["seconds"] for name, result in results.items()}
    for name, result in results.items():
        shown = f"durable {name} over HTTP"
        print(f"{shown:34} {rates[name]:12,.0f} /s   (limit {LIMITS[name]:,}; {result['events']:,} sent)")
        print(f"{'  answer to 1,000, p99':34} {result['p99'] * 1000:12,.1f} ms")
        print(f"{'  processor of the server, 1,000':34} {result['processor'] / result['events'] * 10**6:12,.1f} ms")
    print(f"{'bare parse and SQLite commit':34} {base:12,.0f} /s")
    print(f"{'ratio of events':34} {rates['events'] / base:12.2f}")
    return 0 if all(rates[name] >= limit for name, limit in LIMITS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
