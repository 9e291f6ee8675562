"""A company in a folder whose ledger is filled by real cycles, at moments that the test chooses."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from attributor.app.reload import reloaded
from attributor.app.wiring import App, open_app, open_duckdb, surroundings, works
from attributor.ingest.progress import Silent
from attributor.jobs.leadership import Leadership
from attributor.jobs.work import CycleReport, run_cycle

NOW = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
HEADER = (
    "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,"
    "ServiceName,SubAccountId,ChargeCategory,Tags"
)
CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: "bills/aws*.csv"}
teams:
  search: {budget: 100}
  ads: {budget: {monthly: 50, thresholds: [50, 90]}}
  quiet: {budget: 0}
  free: {}
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
"""


@dataclass
class Company:
    """The company's folder, and its program at a moment of `now`."""

    folder: Path
    app: App | None = None
    now: datetime = NOW

    @property
    def engine(self) -> Any:
        return self.app.engine

    @property
    def teams(self) -> dict[str, Any]:
        return {team.id: team for team in self.app.settings.ruleset.teams}

    @property
    def ruleset(self) -> Any:
        return self.app.settings.ruleset

    def write(self, name: str, *lines: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([*lines, ""]))

    def bill(self, *rows: str, name: str = "aws") -> None:
        """Write a bill of daily charges: "2026-11-05 12.50 team=ads Amazon-S3 Usage 111", the end left out at will."""
        self.write(f"bills/{name}.csv", HEADER, *(_charge(*row.split()) for row in rows))

    def usage(self, *rows: str, facts: str = "team") -> None:
        """Write usage: "2026-11-10T08 gpu.hours prod 1 search …", the values of the facts last."""
        lines = (f"{hour}:00:00Z,{','.join(rest)}" for hour, *rest in (row.split() for row in rows))
        self.write("usage/gpus.csv", f"hour,metric,pool,quantity,{facts}", *lines)

    def cycle(self, now: datetime | None = None) -> CycleReport:
        """Do what the daemon does, at this moment."""
        self.now = now or self.now
        self.app = reloaded(self.app)
        leadership = Leadership(self.app.engine, self.app.holder, self.app.clock)
        lease = leadership.ensure()
        with open_duckdb() as connection:
            report = run_cycle(works(self.app, lease, connection), surroundings(self.app), lambda _title: Silent())
        leadership.release()
        return report


def _charge(
    day: str, cost: str, tag: str = "", service: str = "EC2", category: str = "Usage", account: str = ""
) -> str:
    key, _, value = tag.partition("=")
    tags = f'"{{""{key}"": ""{value}""}}"' if value else ""
    end = date.fromisoformat(day) + timedelta(days=1)
    return f"{cost},{cost},{cost},USD,{day}T00:00:00Z,{end}T00:00:00Z,{service},{account},{category},{tags}"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Company]]:
    """Make the company with this configuration."""
    opened = []

    def company(config: str = CONFIG) -> Company:
        made = Company(tmp_path)
        made.write("attributor.yaml", config)
        context = open_app(tmp_path / "attributor.yaml", lambda: made.now)
        opened.append(context)
        made.app = context.__enter__()
        return made

    yield company
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture
def company(make: Callable[[], Company]) -> Company:
    return make()


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
