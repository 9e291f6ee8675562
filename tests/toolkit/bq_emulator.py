"""bqemulator, an emulator of BigQuery on loopback, in an environment of its own: it wants another DuckDB."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def running_bq_emulator(ports: tuple[int, int], project: str) -> Iterator[str]:
    """Give the address of the emulator; skip where it is not installed."""
    home = Path(sys.prefix, "bqemulator")
    program = home / "bin" / "bqemulator"
    extensions = sorted(home.glob("lib/python*/site-packages/duckdb_extension_spatial/extensions/*/spatial.*"))
    if not program.exists() or not extensions:
        pytest.skip("bqemulator is not installed: sh tests/install-counterparts.sh")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, ".duckdb", "extensions", extensions[0].parent.name, "linux_amd64")
        place.mkdir(parents=True)
        shutil.copy(extensions[0], place)  # it would download it
        rest, grpc = map(str, ports)
        process = subprocess.Popen(
            [str(program), "start", "--rest-port", rest, "--grpc-port", grpc, "--project", project],
            env={**os.environ, "HOME": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(ports[0], process)
            yield f"http://127.0.0.1:{rest}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def fill(address: str, table: str, schema: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
    """Make a table, partitioned as exports are, and append rows to it."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    project, dataset, _ = table.split(".")
    options = {"api_endpoint": address}
    with bigquery.Client(project, credentials=AnonymousCredentials(), client_options=options) as client:
        client.create_dataset(dataset, exists_ok=True)
        made = bigquery.Table(table, schema=[bigquery.SchemaField.from_api_repr(dict(field)) for field in schema])
        made.time_partitioning = bigquery.TimePartitioning()
        client.create_table(made, exists_ok=True)
        if rows:
            assert client.insert_rows_json(made, [dict(row) for row in rows]) == []


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("bqemulator did not start")
