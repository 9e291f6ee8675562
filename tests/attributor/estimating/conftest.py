"""A company whose tokens are priced until the bill comes, run by the real program in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attributor.conftest import Company

CONFIG = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  llm: {type: focus, path: "bills/*.csv"}
  gateway: {type: usage, path: "usage/*.csv"}
teams: {search: {aliases: [srch]}, ads: {}}
rules:
  - {name: key, match: {tags.key: k1}, owner: ads}
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: the rest of the bill, match: {x_Source: llm}, owner: ads}
prices:
  - name: input
    metric: tokens.input
    price: 2
    per: 1000
    replaces: &chat {source: llm, match: {ServiceName: Chat}}
  - {name: output, metric: tokens.output, price: 10, per: 1000, replaces: *chat}
"""
BILL = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,ProviderName,Tags"


@dataclass(frozen=True)
class Priced(Company):
    """Bills are rows of "day service cost team"; usage rows of "day hour metric quantity team", of a month of 2026."""

    month: str = "11"

    def bill(self, *rows: str) -> None:
        """Write the whole bill."""
        lines = [BILL]
        for row in rows:
            day, service, cost, team = row.split()
            period = f"2026-{self.month}-{day}T00:00:00Z,2026-{self.month}-{int(day) + 1:02}T00:00:00Z"
            lines.append(f'{cost},USD,{period},{service},OpenAI,"{{""team"": ""{team}""}}"')
        self.write("bills/november.csv", "\n".join([*lines, ""]))

    def usage(self, *rows: str) -> None:
        """Write all usage."""
        lines = ["hour,metric,quantity,team"]
        for row in rows:
            day, hour, metric, quantity, team = row.split()
            lines.append(f"2026-{self.month}-{day}T{hour}:00:00Z,tokens.{metric},{quantity},{team}")
        self.write("usage/november.csv", "\n".join([*lines, ""]))

    def change(self, old: str, new: str) -> None:
        """Change the configuration."""
        text = (self.folder / "attributor.yaml").read_text()
        assert old in text
        self.write("attributor.yaml", text.replace(old, new))


@pytest.fixture
def make_priced(tmp_path: Path) -> Callable[[str], Priced]:
    """Make a company with a configuration of the test's own."""

    def make(config: str = CONFIG) -> Priced:
        made = Priced(tmp_path)
        made.write("attributor.yaml", config)
        made.bill("09 Chat 1 search", "09 Storage 1 ads")
        return made

    return make


@pytest.fixture
def priced(make_priced: Callable[[], Priced]) -> Priced:
    """The company with a bill through the ninth of November."""
    return make_priced()
