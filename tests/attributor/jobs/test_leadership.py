"""The lease outlives a ledger that is away for a while."""

import logging
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import pytest
from sqlalchemy import select

from attributor.jobs.leadership import Leadership, renewed
from attributor.ledger.engine import open_engine
from attributor.ledger.schema import migrate
from attributor.ledger.tables import leases

TICK = timedelta(milliseconds=50)


def now() -> datetime:
    return datetime.now(UTC)


def expiry(engine) -> datetime:
    with engine.connect() as connection:
        return connection.scalar(select(leases.c.expires_at))


def wait_for(condition) -> None:
    end = monotonic() + 10
    while not condition():
        assert monotonic() < end
        sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("empty_ledger_url", ["postgresql"], indirect=True)
def test_renewing_goes_on_after_the_database_was_away(
    empty_ledger_url: str, refusing, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(empty_ledger_url)
    migrate(engine)
    leadership = Leadership(engine, "this:1:1", now)
    with renewed(leadership, every=TICK):
        leadership.ensure()
        first = expiry(engine)
        wait_for(lambda: expiry(engine) > first)
        with caplog.at_level(logging.WARNING), refusing(empty_ledger_url):
            wait_for(lambda: "could not be renewed" in caplog.text)
        away_until = now()
        wait_for(lambda: expiry(engine) > away_until + timedelta(seconds=59))
    with engine.connect() as connection:
        assert connection.scalar(select(leases.c.holder)) == ""
    engine.dispose()


def test_one_that_lost_the_lease_no_longer_leads_and_may_lead_again(migrated_sqlite, tmp_path) -> None:
    (tmp_path / "ledger.db").write_bytes(migrated_sqlite.read_bytes())
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.db")
    clock = [now()]
    stalled, other = (Leadership(engine, f"{name}:1:1", lambda: clock[0]) for name in ("stalled", "other"))
    assert stalled.ensure() is not None
    assert other.ensure() is None
    clock[0] += timedelta(seconds=61)
    assert other.ensure() is not None
    stalled.renew()
    assert stalled.ensure() is None
    other.release()
    assert stalled.ensure() is not None
    engine.dispose()
