"""From start to stop: what the daemon answers, how it ends, and what it refuses to start on."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import func, select

from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import open_engine
from attributor.ledger.tables import metadata

COSTS = {"search": "33", "ads": "11", "unattributed": "2"}
TEAMS = ("search", "ads")
OURS = (
    'attributor_job_runs_total{job="deliver",result="succeeded"}',
    'attributor_team_cost_total{currency="USD",team="search"}',
    'attributor_source_failing{source="aws"} 0.0',
    "attributor_last_run_timestamp_seconds",
    "attributor_ledger_up 1.0",
    'attributor_open_alerts{kind="budget",severity="critical"} 1.0',
    "process_resident_memory_bytes",
)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_attributor_serve_answers_and_ends_cleanly_on(number: int, company, start, lease_of, waiting) -> None:
    daemon = start(company.folder, every=None)
    waiting(lambda: daemon.get("/readyz").json() == {"ready": True, "reasons": []}, "a source was read")
    waiting(lambda: company.costs() == COSTS, "the bill is attributed")
    waiting(lambda: has_finished_a_run(daemon), "the first cycle is over")
    shown = daemon.get("/metrics").text
    assert [name for name in OURS if name not in shown] == []
    ledger = f"sqlite:///{company.folder}/ledger.db"
    assert str(daemon.process.pid) in lease_of(ledger).holder
    assert daemon.end(number) == 0
    assert lease_of(ledger).holder == ""
    assert "Traceback" not in daemon.said
    assert daemon.said.endswith("stopped\n")


def has_finished_a_run(daemon) -> bool:
    """Metrics are read anew only every 15 s: they are not to be asked before there is something to tell."""
    return any(run["finished_at"] for run in daemon.get("/health.json").json()["runs"])


@pytest.mark.slow
def test_a_daemon_is_ready_once_a_source_was_read_and_says_why_it_is_not(company, start, waiting) -> None:
    bill = (company.folder / "bills" / "november.csv").read_text()
    for name in ("bills/november.csv", "usage/gpus.csv"):
        (company.folder / name).unlink()
    daemon = start(company.folder)
    answer = daemon.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["no source has been read yet"])
    assert daemon.get("/healthz").text == "ok\n"
    waiting(lambda: "there is no file at bills/*.csv" in daemon.get("/health").text, "the page says what is missing")
    company.write("bills/november.csv", bill)
    waiting(daemon.is_ready, "the bill was read")


@pytest.mark.slow
def test_a_stop_in_the_middle_of_work_leaves_whole_days_and_the_next_run_does_the_rest(
    company, start, waiting, tmp_path_factory: pytest.TempPathFactory
) -> None:
    company.bill("november", *(f"{day:02},{day}.25,cluster=prod" for day in range(1, 21)))
    company.usage(*(f"{day:02},{hour:02},{team},1" for day in range(1, 21) for hour in range(24) for team in TEAMS))
    undisturbed = tmp_path_factory.mktemp("company") / "undisturbed"
    shutil.copytree(company.folder, undisturbed)
    run_once(undisturbed)
    for table in ("collected", "publications"):
        folder = undisturbed.with_name(table)
        shutil.copytree(company.folder, folder)
        daemon = start(folder)
        waiting(lambda folder=folder, table=table: rows(folder, table) > 0, f"{table}: the work goes on")
        assert daemon.end(seconds=10) == 0
        assert "asked to end; what is not done yet is done at the next start" in daemon.said
        assert "Traceback" not in daemon.said
        run_once(folder)
        assert ledger(folder) == ledger(undisturbed), table


def rows(folder: Path, table: str) -> int:
    engine = open_engine(f"sqlite:///{folder}/ledger.db")
    try:
        with engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(metadata.tables[table])) or 0
    finally:
        engine.dispose()


def run_once(folder: Path) -> None:
    command = [sys.executable, "-m", "attributor", "run"]
    environment = {"LISTEN": "127.0.0.1:1"}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120, env=environment)


def ledger(folder: Path) -> str:
    engine = open_engine(f"sqlite:///{folder}/ledger.db")
    try:
        return canonical_dump(engine)
    finally:
        engine.dispose()


@pytest.mark.slow
def test_a_provider_that_never_answers_does_not_keep_the_daemon_from_ending(
    company, start, lease_of, waiting, silent_server: str
) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    company.write(
        "attributor.yaml",
        config.replace("sources:\n", f"sources:\n  far: {{type: prometheus, url: {silent_server}}}\n"),
    )
    daemon = start(company.folder)
    ledger = f"sqlite:///{company.folder}/ledger.db"
    waiting(lambda: lease_of(ledger).holder, "it leads, and waits for the first source")
    sleep(0.5)
    assert daemon.end(seconds=30) == 0
    assert lease_of(ledger).holder == ""
    assert "a piece of work did not end; it is left, and done again at the next start" in daemon.said
    assert "Traceback" not in daemon.said


@pytest.mark.slow
def test_a_port_in_use_is_one_error_and_nothing_begins(company, start, lease_of) -> None:
    first = start(company.folder)
    second = start(company.folder, every=None, wait=False, LISTEN=first.url.removeprefix("http://"))
    assert second.process.wait(30) == 2
    [told] = second.said.splitlines()
    assert f"cannot listen at {first.url.removeprefix('http://')}: Address already in use — stop the program" in told
    assert str(first.process.pid) in lease_of(f"sqlite:///{company.folder}/ledger.db").holder


@pytest.mark.slow
def test_a_push_folder_that_another_daemon_writes_is_one_error(company, start) -> None:
    config = (company.folder / "attributor.yaml").read_text()
    company.write("attributor.yaml", config.replace("sources:\n", "sources:\n  gateway: {type: push, path: events}\n"))
    first = start(company.folder)
    second = start(company.folder, every=None, wait=False)
    assert second.process.wait(30) == 2
    [told] = second.said.splitlines()
    assert f"source `gateway`: {company.folder}/events is already written by another process" in told
    assert f"(pid {first.process.pid})" in told
    assert first.get("/healthz").status_code == 200
