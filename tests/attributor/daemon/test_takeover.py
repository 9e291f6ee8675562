"""Two daemons on one ledger: one leads, the other stands by and takes over."""

from datetime import date

import pytest
from sqlalchemy import select

from attributor.ledger.engine import open_engine
from attributor.ledger.tables import publications

pytestmark = pytest.mark.slow
COSTS = {"search": "33", "ads": "11", "unattributed": "2"}


def test_a_standby_takes_over_at_once_when_the_leader_is_killed(
    company_on, empty_ledger_url: str, start, lease_of, waiting
) -> None:
    leader = start(company_on.folder)
    waiting(lambda: company_on.costs() == COSTS, "the leader attributes")
    standby = start(company_on.folder)
    waiting(standby.is_ready, "the standby answers from the same ledger")
    assert standby.get("/overview.json?month=2026-11").status_code == 200
    before = lease_of(empty_ledger_url)
    assert f":{leader.process.pid}:" in before.holder

    leader.process.kill()
    leader.process.wait(30)
    after = waiting(
        lambda: (found := lease_of(empty_ledger_url)).epoch > before.epoch and found, "the standby leads", seconds=10
    )
    assert f":{standby.process.pid}:" in after.holder
    company_on.bill("november", "10,31,team=Srch", "10,9,cluster=prod", "11,5,team=ads", "11,2,owner=unknown")
    waiting(lambda: company_on.costs() == COSTS | {"search": "34"}, "the new leader reads the bill")
    assert epoch_of(empty_ledger_url, date(2026, 11, 10)) == after.epoch


def test_a_leader_that_ends_lets_the_standby_lead_and_one_that_comes_back_stands_by(
    company_on, empty_ledger_url: str, start, lease_of, waiting
) -> None:
    first = start(company_on.folder)
    waiting(lambda: company_on.costs() == COSTS, "the first attributes")
    second = start(company_on.folder)
    assert first.end() == 0
    waiting(lambda: f":{second.process.pid}:" in lease_of(empty_ledger_url).holder, "the second leads")
    third = start(company_on.folder)
    waiting(third.is_ready, "the third answers")
    assert f":{second.process.pid}:" in lease_of(empty_ledger_url).holder
    assert [daemon.end() for daemon in (third, second)] == [0, 0]
    assert lease_of(empty_ledger_url).holder == ""


def epoch_of(ledger: str, day: date) -> int:
    """The epoch under which a day was published."""
    engine = open_engine(ledger)
    with engine.connect() as connection:
        [epoch] = set(connection.scalars(select(publications.c.epoch).where(publications.c.day == day)))
    engine.dispose()
    return epoch
