"""kill -9 during a run, and the run again, leave the same ledger as an undisturbed run."""

import random
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import open_engine

HARNESS = Path(__file__).with_name("crashing.py")
INGEST, ATTRIBUTE = "attributor.ingest.ingest", "attributor.attributing.attribute"
PUBLISH = "attributor.ledger.publications"
GAPS = [
    f"before:{INGEST}:commit_days:1",
    f"before:{INGEST}:record_collection:1",
    f"before:{INGEST}:record_collection:4",
    f"before:{ATTRIBUTE}:commit_day:1",
    f"before:{ATTRIBUTE}:publish_day:1",
    f"before:{ATTRIBUTE}:publish_day:6",
    f"before:{PUBLISH}:insert_arrow:2",
    f"before:{PUBLISH}:insert_arrow:11",
    "before:attributor.jobs.work:deliver:1",
    "before:attributor.jobs.work:finish_run:1",
]
"""Between the lake's commit and the ledger's, in the middle of the ledger's, and around the messages."""


DAYS = [datetime.now(UTC).date() - timedelta(days=back) for back in range(10, 0, -1)]
COMPANY = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources:
  aws: {type: focus, path: aws.csv}
  gcp: {type: focus, path: gcp.csv}
  gpus: {type: usage, path: gpus.csv}
  calls: {type: usage, path: calls.csv}
teams: {search: {budget: 20}, ads: {budget: 1}, platform: }
rules:
  - {name: team tag, match: {tags.team: present}, owner: {team: tags.team}}
  - {name: cluster, match: {tags.cluster: prod}, split: {by: gpu.hours, pool: prod, per: hour, idle: holder}}
  - {name: calls, match: {x_Source: gcp}, split: {by: requests, per: day}}
  - {name: rest, owner: platform}
shared: [{team: platform, split: {by: cost}}]
alerts:
  channels: {console: {type: console}}
  routes: [{channels: [console]}]
"""


def period(day: date) -> str:
    return f"{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z"


def bill(tags: str) -> str:
    """One charge a day for each tag, `team=search`."""
    header = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"
    rows = [
        f'{cost}.000000000001,6.5,8,USD,{period(day)},EC2,"{{""{key}"": ""{value}""}}"'
        for day in DAYS
        for cost, (key, _, value) in enumerate((tag.partition("=") for tag in tags.split()), start=7)
    ]
    return "\n".join([header, *rows, ""])


def usage(*measured: str) -> str:
    """So much of a metric in a pool by a team in every third hour: `gpu.hours prod 2 search`."""
    rows = [
        ",".join([f"{day}T{hour:02}:00:00Z", *each.split()])
        for day in DAYS
        for hour in range(0, 24, 3)
        for each in measured
    ]
    return "\n".join(["hour,metric,pool,quantity,team", *rows, ""])


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    (folder / "attributor.yaml").write_text(COMPANY)
    (folder / "aws.csv").write_text(bill("team=search team=ads cluster=prod"))
    (folder / "gcp.csv").write_text(bill("cluster=other team=nobody"))
    (folder / "gpus.csv").write_text(
        usage("gpu.hours prod 2 search", "gpu.hours prod 1 ads", "gpu.busy_hours prod 1 ads")
    )
    (folder / "calls.csv").write_text(usage("requests gw 5 search", "requests gw 3 ads"))
    return folder


def ledger(folder: Path) -> str:
    engine = open_engine(f"sqlite:///{folder}/ledger.db")
    try:
        return canonical_dump(engine)
    finally:
        engine.dispose()


@pytest.mark.slow
def test_twenty_kills_leave_the_ledger_of_an_undisturbed_run(company: Path, tmp_path: Path) -> None:
    chance = random.Random(20)
    moments = [*GAPS, *(f"after:{chance.uniform(0.05, 1.5):.2f}" for _ in range(20 - len(GAPS)))]
    for number in range(len(moments) + 1):
        shutil.copytree(company, tmp_path / str(number))
    undisturbed = tmp_path / str(len(moments))
    subprocess.run([sys.executable, "-m", "attributor", "run"], cwd=undisturbed, check=True, capture_output=True)
    expected = ledger(undisturbed)
    command = [sys.executable, str(HARNESS), str(tmp_path), *moments]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout.splitlines()
    assert [line for line in found if line.startswith("before") and not line.endswith(" killed")] == []
    assert sum(line.endswith(" killed") for line in found) >= 15, found
    differing = [moment for number, moment in enumerate(moments) if ledger(tmp_path / str(number)) != expected]
    assert differing == []


CORRECT, CORRECTIONS = "attributor.attributing.correcting", "attributor.ledger.corrections"
CORRECTING = [
    f"before:{CORRECT}:committed:1",
    f"before:{CORRECT}:post_correction:2",
    f"before:{CORRECTIONS}:insert_arrow:1",
    f"before:{CORRECTIONS}:insert:2",
    "before:attributor.jobs.work:finish_run:1",
]
"""Before and after the lake's commit of a corrected day, and in the middle of the ledger's."""
OF_OCTOBER = """
store: {lake: ./lake, ledger: sqlite:///ledger.db}
sources: {aws: {type: focus, path: bill.csv}}
teams: {search: , ads: }
rules: [{name: rest, split: {even: [search, ads]}}]
"""


def october(*costs: str) -> str:
    header = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags"
    rows = [
        f"{cost},{cost},{cost},USD,2025-10-{day:02}T00:00:00Z,2025-10-{day + 1:02}T00:00:00Z,EC2,"
        for day, cost in enumerate(costs, start=1)
    ]
    return "\n".join([header, *rows, ""])


@pytest.mark.slow
def test_a_kill_while_a_closed_month_is_corrected_posts_every_difference_once(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "attributor.yaml").write_text(OF_OCTOBER)
    (closed / "bill.csv").write_text(october("1", "2", "3"))
    for command in (["run"], ["close", "2025-10", "--by", "ana"]):
        program = [sys.executable, "-m", "attributor", *command]
        subprocess.run(program, cwd=closed, check=True, capture_output=True)
    (closed / "bill.csv").write_text(october("4", "2", "3.000000000001"))
    for number in range(len(CORRECTING) + 1):
        shutil.copytree(closed, tmp_path / str(number))
    undisturbed = tmp_path / str(len(CORRECTING))
    subprocess.run([sys.executable, "-m", "attributor", "run"], cwd=undisturbed, check=True, capture_output=True)
    expected = ledger(undisturbed)
    assert sum(line.startswith("corrections ") for line in expected.splitlines()) == 2
    command = [sys.executable, str(HARNESS), str(tmp_path), *CORRECTING]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines()
    assert found == [f"{moment} killed" for moment in CORRECTING]
    differing = [moment for number, moment in enumerate(CORRECTING) if ledger(tmp_path / str(number)) != expected]
    assert differing == []
