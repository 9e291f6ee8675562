"""Activity over a month: whatever is restated, every day holds its claims against the whole month's pool."""

from collections import defaultdict
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

CONFIG = """
store: {{lake: ./lake, ledger: sqlite:///ledger.db}}
sources:
  aws: {{type: focus, path: "bills/*.csv"}}
  gpus: {{type: usage, path: "usage/*.csv"}}
teams: {{search: , ads: , platform: }}
rules:
  - {{name: team tag, match: {{tags.team: present}}, owner: {{team: tags.team}}}}
  - name: pool
    match: {{tags.cluster: prod}}
    activity: {{rates: {{gpu.hours: 10}}, pool: prod, rest: platform, per: {per}}}
  - {{name: support, match: {{tags.kind: support}}, split: {{by: cost, per: month}}}}
"""
BILL = ("03,100,cluster=prod", "05,200,cluster=prod", "09,100,cluster=prod", "09,40,kind=support", "10,80,team=ads")
USAGE = ("05,08,search,10", "09,08,ads,2")
DAYS = ["2026-11-03", "2026-11-05", "2026-11-09", "2026-11-10"]


@pytest.fixture
def billed(make_company):
    """A company whose pool of 400 is billed on three days; 120 of it are claimed."""
    company = make_company(CONFIG.format(per="month"))
    company.bill("november", *BILL)
    company.usage(*USAGE)
    return company


def of_rule(company, rule: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (day, name, team), cost in company.costs("day", "rule", "team").items():
        if name == rule:
            found.setdefault(day[-2:], {})[team] = cost
    return found


def test_each_day_bears_its_part_of_the_months_claims(billed) -> None:
    assert billed.run().json["attributed_days"] == DAYS
    assert of_rule(billed, "pool") == {
        "03": {"search": "25", "ads": "5", "platform": "70"},
        "05": {"search": "50", "ads": "10", "platform": "140"},
        "09": {"search": "25", "ads": "5", "platform": "70"},
    }
    # What the teams have of the whole month: search 100, ads 20 and 80 of its own, platform 280.
    support = {team: Decimal(cost) for team, cost in of_rule(billed, "support")["09"].items()}
    assert support == {
        "ads": Decimal("8.333333333333"),
        "platform": Decimal("23.333333333333"),
        "search": Decimal("8.333333333334"),
    }


@pytest.mark.slow
def test_a_day_that_is_restated_moves_the_months_other_days_once(billed) -> None:
    billed.run()
    billed.bill("november", *(row.replace("05,200", "05,600") for row in BILL))
    assert billed.run().json["attributed_days"] == DAYS
    assert of_rule(billed, "pool") == {
        "03": {"search": "12.5", "ads": "2.5", "platform": "85"},
        "05": {"search": "75", "ads": "15", "platform": "510"},
        "09": {"search": "12.5", "ads": "2.5", "platform": "85"},
    }
    billed.usage("05,08,search,10", "09,08,ads,6")
    assert billed.run().json["attributed_days"] == DAYS
    assert of_rule(billed, "pool")["03"] == {"search": "12.5", "ads": "7.5", "platform": "80"}
    assert billed.run().json["attributed_days"] == []
    answer = billed.command("reconcile", "--period", "2026-11", "--format", "json")
    assert (answer.code, answer.json["difference"]) == (0, "0")


def test_claims_above_the_months_pool_are_scaled_and_told_once(billed) -> None:
    billed.usage("05,08,search,60", "09,08,ads,20")
    report = billed.run().json
    assert [said for said in report["warnings"] if "the rates claim" in said] == [
        "rule `pool`: the rates claim 800.00 of 400.00, 200 % of pool `prod`"
        " (USD, 2026-11-01 to 2026-11-30): scaled to it"
    ]
    assert of_rule(billed, "pool")["03"] == {"search": "75", "ads": "25"}


@pytest.mark.slow
def test_a_plan_foretells_what_a_pool_over_the_month_moves(billed) -> None:
    billed.write("attributor.yaml", CONFIG.format(per="day"))
    billed.run()
    billed.write("new.yaml", CONFIG.format(per="month"))
    new = str(billed.folder / "new.yaml")
    answer = billed.command("plan", "--rules", new, "--period", "2026-11", "--format", "json")
    before = billed.costs()
    billed.write("attributor.yaml", CONFIG.format(per="month"))
    billed.run()
    told = {line["team"]: (line["before"], line["after"]) for line in answer.json["teams"]}
    after = billed.costs()
    assert told == {team: (before[team], after[team]) for team in before}
    assert answer.json["moved"] != "0"


@pytest.mark.slow
def test_an_export_gives_each_team_what_the_ledger_does(billed) -> None:
    billed.run()
    folder = billed.folder / "out"
    assert billed.command("export", "focus", "--period", "2026-11", "--to", str(folder)).code == 0
    given: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for file in folder.iterdir():
        for row in pq.read_table(file).to_pylist():
            given[f"{row['ChargePeriodStart']:%Y-%m-%d}", row["x_Team"]] += row["EffectiveCost"]
    assert given == {key: Decimal(cost) for key, cost in billed.costs("day", "team").items()}
