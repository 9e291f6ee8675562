"""`attributor run`: what it says, when another is at work, when it is interrupted, and into a pipe that closes."""

import csv
import io
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from attributor.demo.company import write_company
from attributor.demo.plan import DemoPlan
from attributor.jobs.leadership import LEASE_NAME
from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import open_engine
from attributor.ledger.lease import acquire

PROGRAM = [sys.executable, "-m", "attributor"]


def test_the_report_says_what_was_read_and_done(company) -> None:
    report = company.run().json
    assert report["sources"] == [
        {"source": "aws", "rows": 4, "changed_days": ["2026-11-10", "2026-11-11"]},
        {"source": "gpus", "rows": 2, "changed_days": ["2026-11-10"]},
    ]
    assert (report["failures"], report["warnings"]) == ([], [])
    assert report["attributed_days"] == ["2026-11-10", "2026-11-11"]
    assert report["messages"] == {"sent": 0, "postponed": 0, "failed": 0}


def test_people_and_spreadsheets_get_a_line_a_source_also_for_one_that_failed(company) -> None:
    company.write("usage/gpus.csv", "hour,metric\n")
    table, rows = company.command("run"), company.command("run", "--format", "csv")
    assert (table.code, rows.code) == (1, 1)
    found = {row["source"]: row for row in csv.DictReader(io.StringIO(rows.out))}
    assert found["aws"] == {"source": "aws", "rows": "0", "days changed": "0", "result": "read"}
    assert found["gpus"]["result"] == "failed: gpus: 1 problem; nothing of this reading is stored"
    assert "usage/gpus.csv: has no column quantity; it has hour, metric" in table.err
    assert "2 days attributed" in table.err


def test_while_another_is_at_work_it_waits_as_long_as_told_and_says_so(ran) -> None:
    engine = open_engine(f"sqlite:///{ran.folder}/ledger.db")
    held = acquire(engine, LEASE_NAME, "elsewhere:1:1", datetime.now(UTC), timedelta(hours=1))
    before = canonical_dump(engine)
    begun = monotonic()
    answer = ran.command("run", "--wait", "1", "--format", "json")
    assert 1 <= monotonic() - begun < 15
    assert held is not None
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "another Attributor is at work on this ledger; stop it, or let it do the work\n"
    assert canonical_dump(engine) == before
    engine.dispose()
    assert ran.command("run", "--wait", "-1").code == 2


def test_where_another_took_over_it_says_that_what_was_published_stands(
    company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from attributor.ingest import ingest

    real = ingest.record_collection

    def overtaken(engine, lease, collection, now):
        if collection.source == "gpus":
            acquire(engine, LEASE_NAME, "elsewhere:1:1", now + timedelta(hours=2), timedelta(hours=1))
        real(engine, lease, collection, now)

    monkeypatch.setattr(ingest, "record_collection", overtaken)
    answer = company.command("run", "--format", "json")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.endswith("what was published before stands, run again for the rest\n")
    assert company.costs() == {}


@pytest.mark.slow
def test_ctrl_c_leaves_no_traceback_no_litter_and_nothing_half_done(tmp_path: Path) -> None:
    folder, litter = tmp_path / "company", tmp_path / "temporary"
    litter.mkdir()
    write_company(folder, DemoPlan(days=10, charges=600, seed=11, now=datetime.now(UTC)))
    environment = {**os.environ, "TMPDIR": str(litter)}
    command = [*PROGRAM, "run", "--format", "json"]
    interrupted = 0
    for seconds in (1.0, 1.4, 1.8, 2.2, 2.6, 3.0):
        run = subprocess.Popen(command, cwd=folder, env=environment, stdout=-1, stderr=-1, text=True)
        sleep(seconds)
        run.send_signal(signal.SIGINT)
        out, said = run.communicate(timeout=60)
        assert "Traceback" not in said
        assert list(litter.iterdir()) == []
        if run.returncode == 1:
            interrupted += 1
            assert (out, said.strip().splitlines()[-1]) == ("", "Aborted!")
    assert interrupted >= 2
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True, timeout=120)
    subprocess.run([*PROGRAM, "reconcile"], cwd=folder, capture_output=True, check=True, timeout=60)


@pytest.mark.slow
def test_a_pipe_that_closes_ends_a_command_without_a_word(company) -> None:
    company.bill("november", *(f"{day:02},1,team=name-{number}" for number in range(150) for day in range(1, 29)))
    config = (company.folder / "attributor.yaml").read_text()
    match = "{name: mapped, owner: {mapping: {file: owners.csv, column: tags.team}}}"
    company.write("attributor.yaml", config.replace("rules:\n", f"rules:\n  - {match}\n"))
    company.write("owners.csv", "value,team,project\n" + "".join(f"name-{n},ads,project-{n}\n" for n in range(150)))
    company.run()
    for form in ("table", "json", "csv"):
        command = [*PROGRAM, "showback", "--period", "2026-11", "--by", "project,day", "--format", form]
        with subprocess.Popen(command, cwd=company.folder, stdout=-1, stderr=-1) as showback:
            assert showback.stdout is not None and showback.stderr is not None
            assert showback.stdout.readline()
            showback.stdout.close()
            assert showback.stderr.read() == b""
