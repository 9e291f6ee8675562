"""kill -9 during a run, and the run again, leave the same ledger as an undisturbed run."""

import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan
from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import open_engine

HARNESS = Path(__file__).with_name("crashing.py")
INGEST, ATTRIBUTE = "attributor.ingest.ingest", "attributor.attributing.attribute"
PUBLISH = "attributor.ledger.publications"
GAPS = [
    f"before:{INGEST}:replace:1",
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


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    now = datetime.now(UTC)
    write_company(folder, DemoPlan(days=10, charges=1500, seed=11, now=now))
    return folder


def ledger(folder: Path) -> str:
    engine = open_engine(f"sqlite:///{folder}/data/ledger.db")
    try:
        return canonical_dump(engine)
    finally:
        engine.dispose()


@pytest.mark.slow
def test_twenty_kills_leave_the_ledger_of_an_undisturbed_run(company: Path, tmp_path: Path) -> None:
    chance = random.Random(20)
    moments = [*GAPS, *(f"after:{chance.uniform(0.05, 2.5):.2f}" for _ in range(20 - len(GAPS)))]
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
