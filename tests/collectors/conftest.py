"""Shared by the collectors' tests: configured collectors, golden tables, a real S3 server, a real Prometheus."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from azurite import running_azurite
from recorded_api import RecordedApi, serving

from collectors.base import Collector, CollectorType, Reading, SourceSettings, Window

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REGENERATE = "ATTRIBUTOR_REGENERATE"


@dataclass(frozen=True)
class Collected:
    """What a whole reading gave."""

    table: pa.Table
    reading: Reading

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.table.to_pylist()


@dataclass(frozen=True)
class Collecting:
    """Builds collectors in one folder and reads them to the end."""

    folder: Path

    def build(self, kind: CollectorType, /, clock: Callable[[], datetime] = lambda: NOW, **options: Any) -> Collector:
        return kind.build(SourceSettings("source", options, self.folder, clock))

    def read(
        self, kind: CollectorType, /, window: Window | None = None, now: datetime = NOW, **options: Any
    ) -> Collected:
        collector = self.build(kind, lambda: now, **options)
        batches = list(collector.collect(window))
        for batch in batches:
            batch.validate(full=True)
        schema = batches[0].schema if batches else pa.schema([])
        return Collected(pa.Table.from_batches(batches, schema), collector.reading())


@pytest.fixture
def collecting(tmp_path: Path) -> Collecting:
    return Collecting(tmp_path)


@pytest.fixture
def golden() -> Callable[..., None]:
    """Hold what was collected against a recorded table, or record it where ATTRIBUTOR_REGENERATE is set."""

    def compare(path: Path, collected: Collected, *, replacing: tuple[str, str] = ("", "")) -> None:
        text = written(collected).replace(*replacing) if replacing[0] else written(collected)
        if os.environ.get(REGENERATE):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"differs; look at it, then set {REGENERATE}=1 to record it"

    return compare


def written(collected: Collected) -> str:
    """Write a reading as JSON, a row a line and without nulls, so that differences can be read."""
    rows = [{name: value for name, value in row.items() if value is not None} for row in collected.rows]
    document = [f'"coverage": {json.dumps(collected.reading.coverage, default=_plain)}']
    document += [f'"files": {json.dumps(collected.reading.files, default=_plain)}']
    lines = ",\n".join(json.dumps(row, default=_plain, ensure_ascii=False) for row in rows)
    return "{\n" + ",\n".join([*document, f'"rows": [\n{lines}\n]']) + "\n}\n"


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return dict(vars(value)) if hasattr(value, "__dataclass_fields__") else str(value)


@pytest.fixture
def api() -> Iterator[RecordedApi]:
    """A server of recorded answers on loopback."""
    with serving() as running:
        yield running


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listens on."""
    return unused_port()


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """The address of a real moto server with an empty S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An S3 client; boto3 finds the server by AWS_ENDPOINT_URL, as in production."""
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/moto-api/reset", method="POST"), timeout=10).close()
    client = boto3.client("s3")
    client.create_bucket(Bucket="bills")
    return client


@pytest.fixture(scope="module")
def azurite() -> Iterator[str]:
    """The address of the account of a real Azurite, an emulator of Blob storage."""
    with running_azurite(unused_port()) as address:
        yield address


@dataclass(frozen=True)
class RunningPrometheus:
    url: str


@pytest.fixture(scope="module")
def start_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], RunningPrometheus]]:
    """Starts a real Prometheus on series given as OpenMetrics text; skips where it is not installed."""
    programs = shutil.which("prometheus"), shutil.which("promtool")
    if None in programs:
        pytest.skip("prometheus and promtool are not installed (apt-get install prometheus)")
    running: list[subprocess.Popen[bytes]] = []

    def start(openmetrics: str) -> RunningPrometheus:
        folder = tmp_path_factory.mktemp("prometheus")
        (folder / "series.om").write_text(openmetrics, encoding="utf-8")
        (folder / "prometheus.yml").write_text("scrape_configs: []\n", encoding="utf-8")
        subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", "series.om", "data"],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
        )
        port = unused_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    "prometheus",
                    "--config.file=prometheus.yml",
                    "--storage.tsdb.path=data",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        running.append(process)
        _wait_until_ready(f"http://127.0.0.1:{port}/-/ready", process, folder / "log")
        return RunningPrometheus(f"http://127.0.0.1:{port}")

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=30)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"Prometheus is not ready: {log.read_text()[-2000:]}")
