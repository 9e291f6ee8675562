"""A small company in a folder, run by the real program in this process."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from attributor.cli.main import attributor

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/*.csv"}
  gpus: {type: usage, path: "usage/*.csv"}
teams:
  search: {aliases: [srch]}
  ads: {}
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: cluster, match: {tags.cluster: prod}, split: {by: gpu.hours, pool: prod, per: day}}
"""
HEADER = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Company:
    """A folder with a configuration, bills and usage."""

    folder: Path

    def command(self, *arguments: str) -> Answer:
        """Run a command of the program."""
        found = CliRunner().invoke(attributor, ["-c", str(self.folder / "attributor.yaml"), *arguments])
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return Answer(found.exit_code, found.stdout, found.stderr)

    def run(self) -> Answer:
        """Collect, attribute and watch once."""
        return self.command("run", "--format", "json")

    def bill(self, name: str, *rows: str) -> None:
        """Write a bill: rows of "day,cost,tags", the tags as `key=value`."""
        lines = [HEADER]
        for row in rows:
            day, cost, tag = row.split(",")
            key, _, value = tag.partition("=")
            tags = f'"{{""{key}"": ""{value}""}}"' if key else ""
            period = f"2026-11-{day}T00:00:00Z,2026-11-{int(day) + 1:02}T00:00:00Z"
            lines.append(f"{cost},{cost},{cost},USD,{period},Amazon EC2,{tags}")
        self.write(f"bills/{name}.csv", "\n".join([*lines, ""]))

    def usage(self, *rows: str) -> None:
        """Write usage: rows of "day,hour,team,hours"."""
        lines = ["hour,metric,pool,quantity,team"]
        for row in rows:
            day, hour, team, hours = row.split(",")
            lines.append(f"2026-11-{day}T{hour}:00:00Z,gpu.hours,prod,{hours},{team}")
        self.write("usage/gpus.csv", "\n".join([*lines, ""]))

    def write(self, name: str, text: str) -> None:
        """Write a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def costs(self, *by: str) -> dict[Any, str]:
        """Return November's showback: cost by team, or by the tuple of what was asked."""
        rows = self.command(
            "showback", "--period", "2026-11", "--format", "json", "--by", ",".join(by or ("team",))
        ).json
        return {tuple(row[name] for name in by) if by else row["team"]: row["cost"] for row in rows["rows"]}


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A company with one bill of two days and one day of GPU usage."""
    made = Company(tmp_path)
    made.write("attributor.yaml", CONFIG)
    made.bill("november", "10,30,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,owner=unknown")
    made.usage("10,08,search,1", "10,09,ads,2")
    return made


@pytest.fixture
def make_company(tmp_path: Path) -> Callable[[str], Company]:
    """Make a company with a configuration of the test's own."""

    def make(config: str) -> Company:
        made = Company(tmp_path)
        made.write("attributor.yaml", config)
        return made

    return make


@pytest.fixture(scope="session")
def s3_options() -> Iterator[dict[str, str]]:
    """How to reach an S3 server that lives as long as the test session.

    It is a process of its own: deltalake holds the interpreter's lock while it reads, so that a thread of ours could
    not answer it.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            yield {
                "aws_endpoint_url": f"http://127.0.0.1:{port}",
                "aws_access_key_id": "test",
                "aws_secret_access_key": "test",
                "aws_region": "us-east-1",
                "aws_allow_http": "true",
            }
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("moto's S3 server did not start")


@pytest.fixture
def refusing(postgresql_server: str) -> Callable[[str], AbstractContextManager[None]]:
    """Let PostgreSQL admit nobody to the database at a URL, and end the connections that are open."""

    @contextmanager
    def away(url: str) -> Iterator[None]:
        name = make_url(url).database
        engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
            yield
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        engine.dispose()

    return away
