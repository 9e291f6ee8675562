"""What is to be sent is known once, taken by one sender, and stays visible until it is taken."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from attributor.ledger.engine import reading
from attributor.ledger.statement_deliveries import (
    Parcel,
    ParcelFailure,
    claim_parcel,
    due_parcels,
    is_planned,
    mark_sent,
    mark_superseded,
    plan_parcels,
    retry_parcel,
    troubled_parcels,
)
from attributor.periods import Month

OCTOBER = Month(2026, 10)
FIRST, SECOND = (Parcel("folder:/finance", OCTOBER, 1, "team", team) for team in ("ads", "search"))
MINUTE = timedelta(minutes=1)


def test_a_parcel_is_planned_once_and_taken_by_one_sender(ledger_engine: Engine, now: datetime) -> None:
    assert not is_planned(ledger_engine, FIRST.destination, OCTOBER, 1)
    plan_parcels(ledger_engine, [FIRST, SECOND], now)
    assert is_planned(ledger_engine, FIRST.destination, OCTOBER, 1)
    assert not is_planned(ledger_engine, FIRST.destination, OCTOBER, 2)
    assert [tracked.parcel for tracked in due_parcels(ledger_engine, now)] == [FIRST, SECOND]
    assert claim_parcel(ledger_engine, FIRST, now, now + MINUTE)
    assert not claim_parcel(ledger_engine, FIRST, now, now + MINUTE)
    mark_sent(ledger_engine, FIRST, now)
    plan_parcels(ledger_engine, [FIRST, SECOND], now)
    assert [tracked.parcel for tracked in due_parcels(ledger_engine, now + 2 * MINUTE)] == [SECOND]


def test_what_was_not_taken_waits_and_is_told(ledger_engine: Engine, now: datetime) -> None:
    plan_parcels(ledger_engine, [FIRST, SECOND], now)
    for minutes in (0, 1):
        failure = ParcelFailure("away", is_permanent=False, at=now + minutes * MINUTE)
        retry_parcel(ledger_engine, FIRST, now + MINUTE, failure)
    assert [tracked.parcel for tracked in due_parcels(ledger_engine, now)] == [SECOND]
    with reading(ledger_engine) as connection:
        [troubled] = troubled_parcels(connection)
    assert (troubled.parcel, troubled.attempts, troubled.error, troubled.due_at) == (FIRST, 2, "away", now + MINUTE)
    assert (troubled.failing_since, troubled.is_permanent) == (now, False)
    mark_sent(ledger_engine, FIRST, now + MINUTE)
    mark_superseded(ledger_engine, SECOND)
    with reading(ledger_engine) as connection:
        assert troubled_parcels(connection) == ()
    assert due_parcels(ledger_engine, now + 2 * MINUTE) == ()
