"""Runs are noted when they begin and told what they did when they end."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from attributor.ledger.runs import Run, finish_run, latest_runs, start_run

HOUR = timedelta(hours=1)


def test_a_run_is_visible_while_it_goes_on_and_tells_in_the_end_what_it_did(
    ledger_engine: Engine, now: datetime
) -> None:
    run_id = start_run(ledger_engine, now)
    assert latest_runs(ledger_engine) == (Run(run_id, now, None, None),)
    summary = {"days": 3, "spend": "12.000000000001", "failed": ["aws"]}
    finish_run(ledger_engine, run_id, summary, now + HOUR)
    assert latest_runs(ledger_engine) == (Run(run_id, now, now + HOUR, summary),)


def test_the_latest_runs_come_newest_first(ledger_engine: Engine, now: datetime) -> None:
    started = [start_run(ledger_engine, now + hour * HOUR) for hour in range(3)]
    assert [run.id for run in latest_runs(ledger_engine, limit=2)] == [started[2], started[1]]
