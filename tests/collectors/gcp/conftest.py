"""Google Cloud's far sides on loopback: a BigQuery that only knows exports, and an emulator of the whole."""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from bigquery_api import FakeBigQuery
from billing_schemas import DETAILED
from bq_emulator import running_bq_emulator
from recorded_api import served

TABLE = "acme-billing.billing.gcp_billing_export_resource_v1_01AB23_45CD67_89EF01"


@pytest.fixture
def fake_bigquery() -> Iterator[Callable[..., FakeBigQuery]]:
    """Starts a BigQuery with one table of these rows; `url` is its address."""
    pytest.importorskip("google.cloud.bigquery", reason="google-cloud-bigquery is not installed: attributor[gcp]")
    with ExitStack() as running:

        def start(
            rows: Sequence[Mapping[str, Any]], schema: Sequence[Mapping[str, Any]] = DETAILED, table: str = TABLE
        ) -> FakeBigQuery:
            api = running.enter_context(served(FakeBigQuery(table, schema)))
            api.rows = list(rows)
            return api

        yield start


@pytest.fixture(scope="module")
def bq_emulator() -> Iterator[str]:
    """The address of a real emulator of BigQuery."""
    pytest.importorskip("google.cloud.bigquery", reason="google-cloud-bigquery is not installed: attributor[gcp]")
    with running_bq_emulator((_unused_port(), _unused_port()), "acme-billing") as address:
        yield address


def _unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
