"""Freshness says how each source stands; health says what failed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from attributor.ledger.tables import coverage, outbox, runs, sources
from attributor.reports.freshness import freshness
from attributor.reports.health import health

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def put_source(engine):
    def put(name: str, *spans: tuple[datetime, datetime], table: str = "charges", **given) -> None:
        with engine.begin() as connection:
            connection.execute(insert(sources).values(source=name, table_name=table, **given))
            for start, end in spans:
                connection.execute(insert(coverage).values(source=name, start=start, end=end))

    return put


def test_each_source_says_how_far_it_has_told_and_what_is_wrong(engine, put_source):
    put_source("a-fresh", (NOW - 90 * HOUR, NOW - 20 * HOUR), succeeded_at=NOW)
    put_source("b-late", (NOW - 90 * HOUR, NOW - 7 * HOUR), table="usage", succeeded_at=NOW)
    put_source("c-failing", (NOW - 9 * HOUR, NOW), succeeded_at=NOW, error="no such bucket", error_is_permanent=True)
    put_source("d-never")
    put_source("e-gaps", (NOW - 9 * HOUR, NOW - 6 * HOUR), (NOW - 2 * HOUR, NOW), succeeded_at=NOW)
    found = freshness(engine, NOW)
    assert [(line.source, line.state, line.lag_hours, line.gaps) for line in found] == [
        ("a-fresh", "fresh", 20, 0),
        ("b-late", "late", 7, 0),
        ("c-failing", "failing", 0, 0),
        ("d-never", "never", None, 0),
        ("e-gaps", "fresh", 0, 1),
    ]
    assert (found[2].error, found[2].error_is_permanent) == ("no such bucket", True)
    assert found[0].covered_until == NOW - 20 * HOUR


def test_health_shows_deliveries_that_fail_and_not_those_that_wait_for_their_first_try(engine):
    row = {"group_key": "g", "channel": "slack", "kind": "firing", "team": "ads", "body": "{}", "due_at": NOW}
    alike = [
        ("1", "failed", 1, "404 no_service"),
        ("2", "pending", 2, "503"),
        ("3", "pending", 0, None),
        ("4", "sent", 1, None),
    ]
    with engine.begin() as connection:
        for name, state, attempts, error in alike:
            at = NOW - HOUR * int(name)
            values = row | {"id": name, "state": state, "attempts": attempts, "error": error, "created_at": at}
            connection.execute(insert(outbox).values(values))
        connection.execute(insert(runs).values(id="r", started_at=NOW))
    found = health(engine, NOW, ("not migrated",))
    assert [(failure.state, failure.error) for failure in found.failures] == [
        ("failed", "404 no_service"),
        ("pending", "503"),
    ]
    assert found.pending == 2
    assert found.not_ready == ("not migrated",)
    assert [(run.id, run.finished_at) for run in found.runs] == [("r", None)]
