"""A real bill that nobody here wrote, in and out to the last unit, by rules of our own."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from attributor.cli.main import attributor

SAMPLE = Path(__file__).parents[2] / "shared/data/focus/focus_1.0_sample_1000.csv"
COLUMNS = {"billed": "BilledCost", "effective": "EffectiveCost", "list": "ListCost"}
CONFIG = f"""
store: {{lake: ./lake, ledger: sqlite:///ledger.db}}
sources: {{sample: {{type: focus, path: {SAMPLE}}}}}
teams:
  atlas: {{}}
  orion: {{aliases: [trey]}}
  zenith: {{}}
  platform: {{}}
rules:
  - {{name: organisation tag, match: {{tags.org: present}}, owner: {{team: tags.org, project: tags.application}}}}
  - {{name: Atlas accounts, match: {{SubAccountName: Atlas*}}, owner: atlas}}
  - {{name: Orion accounts, match: {{SubAccountName: {{prefix: Orion}}}}, owner: orion}}
  - {{name: Zenith accounts, match: {{SubAccountName: {{regex: "^Zenith"}}}}, owner: zenith}}
  - {{name: commitments, match: {{CommitmentDiscountId: present}}, split: {{by: cost}}}}
  - {{name: other clouds, match: {{ProviderName: [Microsoft, Oracle]}}, split: {{fixed: {{orion: 2, platform: 1}}}}}}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SAMPLE.is_file(), reason=f"the FOCUS sample is not at {SAMPLE}"),
]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    (folder / "attributor.yaml").write_text(CONFIG)
    assert command(folder, "run").exit_code == 0
    return folder


def command(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(attributor, ["-c", str(folder / "attributor.yaml"), *arguments, "--format", "json"])


def written(month: str, column: str) -> Decimal:
    with SAMPLE.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["ChargePeriodStart"].startswith(month)]
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


@pytest.mark.parametrize("month", ["2024-09", "2024-10"])
def test_what_is_allocated_is_what_the_file_says_in_every_cost_column(company: Path, month: str) -> None:
    found = command(company, "reconcile", "--period", month)
    report = json.loads(found.stdout)
    assert (found.exit_code, report["difference"]) == (0, "0")
    for source in report["sources"]:
        for basis, column in COLUMNS.items():
            assert Decimal(source["bases"][basis]["allocated"]) == written(month, column)


def test_most_of_it_finds_an_owner_and_the_rows_sum_to_the_file(company: Path) -> None:
    report = json.loads(command(company, "showback", "--period", "2024-09", "--basis", "billed").stdout)
    costs = {row["team"]: Decimal(row["cost"]) for row in report["rows"]}
    assert sum(costs.values()) == Decimal(report["total"]) == written("2024-09", "BilledCost")
    assert costs.get("unattributed", Decimal(0)) < Decimal(report["total"]) / 2


def test_an_amount_leads_to_the_row_of_the_file_that_it_came_from(company: Path) -> None:
    report = json.loads(command(company, "explain", "--period", "2024-09", "--team", "orion").stdout)
    with SAMPLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    charges = [
        charge
        for rule in report["rules"]
        for day in rule["days"]
        for weighing in day["weighings"]
        for charge in weighing["charges"]
    ]
    assert charges
    for charge in charges:
        name, _, row = charge["origin"].rpartition(":")
        assert Path(name).name == SAMPLE.name
        assert Decimal(rows[int(row) - 1]["EffectiveCost"]) == Decimal(charge["charged"])
