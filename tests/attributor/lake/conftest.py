"""A lake of every kind: on disk in a folder with an awkward name, and on an S3 server."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pyarrow as pa
import pytest

from attributor.lake.duck import connect
from attributor.lake.lake import Lake
from collectors.schema import CHARGES, USAGE

SCHEMAS = {"charges": CHARGES, "usage": USAGE}


@pytest.fixture
def disk_lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "team=search x_Source=no" / "it's a 100% läke *{a}"), {}, SCHEMAS)


@pytest.fixture
def s3_lake(s3_options: dict[str, str], request: pytest.FixtureRequest) -> Lake:
    client = boto3.client(
        "s3",
        endpoint_url=s3_options["aws_endpoint_url"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    bucket = f"lake-{abs(hash(request.node.nodeid))}"
    client.create_bucket(Bucket=bucket)
    client.close()
    return Lake(f"s3://{bucket}/some/prefix", s3_options, SCHEMAS)


@pytest.fixture(params=["disk", "s3"])
def lake(request: pytest.FixtureRequest) -> Lake:
    found: Lake = request.getfixturevalue(f"{request.param}_lake")
    return found


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect("512MiB", 2, tmp_path / "spill") as opened:
        yield opened


@pytest.fixture
def usage() -> Callable[..., pa.Table]:
    """Make usage rows of a source and day, one for each quantity."""

    def make(source: str, day: date, *quantities: str, **columns: Any) -> pa.Table:
        hour = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
        row = {"hour": hour, "metric": "gpu.hours", "facts": [("team", "search")], "x_Source": source, "x_Day": day}
        rows = [{**row, "quantity": Decimal(quantity), **columns} for quantity in quantities]
        return pa.Table.from_pylist(rows, schema=USAGE)

    return make
