from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, insert

from attributor.ledger.pins import pinned_versions
from attributor.ledger.runs import forget_runs, latest_runs, start_run
from attributor.ledger.tables import collected, publications

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_every_version_that_a_day_names_is_pinned_and_the_version_of_nothing_is_not(ledger_engine: Engine) -> None:
    day = NOW.date()
    stored = {"source": "aws", "day": day, "digest": "d", "rows": 1, "collected_at": NOW}
    published = {
        "day": day,
        "charges_version": 4,
        "allocations_version": 9,
        "usage_versions": '{"gpus": {"2026-11-19": 2, "2026-11-20": 3}}',
        "rules_digest": "r",
        "inputs_digest": "i",
        "epoch": 1,
        "published_at": NOW,
    }
    with ledger_engine.begin() as connection:
        connection.execute(insert(collected), [{**stored, "table_name": "charges", "version": 5}])
        connection.execute(insert(collected), [{**stored, "table_name": "usage", "version": 3}])
        connection.execute(insert(publications), [{**published, "source": "aws"}])
        only_usage = {"source": "gpus", "charges_version": -1, "allocations_version": -1}
        connection.execute(insert(publications), [{**published, **only_usage}])
    assert pinned_versions(ledger_engine) == {"charges": {4, 5}, "usage": {2, 3}, "allocations": {9}}


def test_old_runs_are_forgotten_and_young_ones_kept(ledger_engine: Engine) -> None:
    start_run(ledger_engine, NOW - timedelta(days=40))
    young = start_run(ledger_engine, NOW)
    forget_runs(ledger_engine, NOW - timedelta(days=30))
    assert [run.id for run in latest_runs(ledger_engine)] == [young]
