"""What a reading of a source writes, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from attributor.ledger.collected import CollectedDay, Collection, StoredDay, collected_days, record_collection
from attributor.ledger.dump import canonical_dump
from attributor.ledger.engine import reading
from attributor.ledger.files_read import files_of
from attributor.ledger.lease import Lease, LeaseLostError, acquire
from attributor.ledger.money_columns import joined
from attributor.ledger.sources import (
    SourceFailure,
    SourceState,
    coverage_of,
    record_failure,
    record_unchanged,
    source_facts,
    source_state,
    source_states,
)
from attributor.ledger.tables import control_sums, restatements
from collectors.base import FileRead, Window

MakeDay = Callable[..., StoredDay]
MakeCollection = Callable[..., Collection]
HOUR = timedelta(hours=1)


def restated(engine: Engine) -> list[tuple[str, date, str, Decimal, Decimal]]:
    with reading(engine) as connection:
        return [
            (
                row.source,
                row.day,
                row.currency,
                joined(row.before_millionths, row.before_rest),
                joined(row.after_millionths, row.after_rest),
            )
            for row in connection.execute(select(restatements).order_by(restatements.c.day, restatements.c.currency))
        ]


def effective_sums(engine: Engine) -> dict[tuple[date, str], Decimal]:
    with reading(engine) as connection:
        return {
            (row.day, row.currency): joined(row.effective_millionths, row.effective_rest)
            for row in connection.execute(select(control_sums))
        }


def test_a_collected_day_is_known_by_version_digest_and_rows(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    record_collection(ledger_engine, lease, collection(stored_day(day, 4, "1.5")), now)
    record_collection(ledger_engine, lease, collection(source="gcp", table="usage"), now)
    assert collected_days(ledger_engine, "charges") == {("aws", day): CollectedDay(4, "digest 4", 3)}
    assert collected_days(ledger_engine, "usage") == {}


def test_a_day_that_vanished_stays_known_as_empty(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    record_collection(ledger_engine, lease, collection(stored_day(day, 4, "1.5")), now)
    record_collection(ledger_engine, lease, collection(stored_day(day, 5, None)), now + HOUR)
    assert collected_days(ledger_engine, "charges") == {("aws", day): CollectedDay(5, "digest 5", 0)}
    assert effective_sums(ledger_engine) == {}


def test_control_sums_are_those_of_the_last_collection_of_each_day(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    before = day - timedelta(days=1)
    first = collection(stored_day(before, 4, "7"), stored_day(day, 4, "1.000000000001"))
    record_collection(ledger_engine, lease, first, now)
    record_collection(ledger_engine, lease, collection(stored_day(day, 5, "-2", "EUR")), now + HOUR)
    assert effective_sums(ledger_engine) == {(before, "USD"): Decimal(7), (day, "EUR"): Decimal(-2)}


def test_a_restatement_is_noted_with_what_it_was_and_what_it_is(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    record_collection(ledger_engine, lease, collection(stored_day(day, 4, "1.5")), now)
    assert restated(ledger_engine) == []
    record_collection(ledger_engine, lease, collection(stored_day(day, 5, "1.500000000001")), now + HOUR)
    assert restated(ledger_engine) == [("aws", day, "USD", Decimal("1.5"), Decimal("1.500000000001"))]


def test_a_day_that_came_again_with_the_same_cost_is_no_restatement(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    record_collection(ledger_engine, lease, collection(stored_day(day, 4, "1.5")), now)
    record_collection(ledger_engine, lease, collection(stored_day(day, 5, "1.50")), now + HOUR)
    assert restated(ledger_engine) == []


def test_a_day_that_vanished_or_changed_its_currency_is_restated_in_each_currency(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    gone = day - timedelta(days=1)
    record_collection(ledger_engine, lease, collection(stored_day(gone, 4, "3"), stored_day(day, 4, "4")), now)
    again = collection(stored_day(gone, 5, None), stored_day(day, 5, "5", "EUR"))
    record_collection(ledger_engine, lease, again, now + HOUR)
    assert restated(ledger_engine) == [
        ("aws", gone, "USD", Decimal(3), Decimal(0)),
        ("aws", day, "EUR", Decimal(0), Decimal(5)),
        ("aws", day, "USD", Decimal(4), Decimal(0)),
    ]


def test_coverage_that_touches_or_overlaps_is_united_and_a_gap_stays(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, now: datetime
) -> None:
    for start, end in ((0, 2), (5, 6), (2, 3), (1, 2)):
        span = Window(now + start * HOUR, now + end * HOUR)
        record_collection(ledger_engine, lease, collection(coverage=(span,)), now)
    assert coverage_of(ledger_engine, "aws") == (Window(now, now + 3 * HOUR), Window(now + 5 * HOUR, now + 6 * HOUR))
    assert coverage_of(ledger_engine, "gcp") == ()


def test_files_read_are_those_of_the_last_reading_exact_as_written(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, now: datetime
) -> None:
    old = FileRead("bills/old.csv", 1)
    new = FileRead(
        "bills/new.csv", 2, "USD", {"BilledCost": Decimal("0.1234567890123456789")}, {"BilledCost": Decimal("-3.2E-13")}
    )
    record_collection(ledger_engine, lease, collection(files=(old,)), now)
    record_collection(ledger_engine, lease, collection(files=(new,)), now)
    assert files_of(ledger_engine, "aws") == (new,)


def test_a_failure_is_remembered_until_the_next_success(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, now: datetime
) -> None:
    record_collection(ledger_engine, lease, collection(), now)
    record_failure(ledger_engine, SourceFailure("aws", "charges", "bills/x.csv, row 3: no cost", True), now + HOUR)
    failed = SourceState("aws", "charges", "r1", now + HOUR, now, "bills/x.csv, row 3: no cost", True)
    assert source_state(ledger_engine, "aws") == failed
    record_unchanged(ledger_engine, lease, "aws", now + 2 * HOUR)
    succeeded = SourceState("aws", "charges", "r1", now + 2 * HOUR, now + 2 * HOUR, None, False)
    assert source_states(ledger_engine) == {"aws": succeeded}


def test_a_source_that_never_succeeded_is_known_by_its_failure(ledger_engine: Engine, now: datetime) -> None:
    record_failure(ledger_engine, SourceFailure("gpus", "usage", "timed out", False), now)
    assert source_state(ledger_engine, "gpus") == SourceState("gpus", "usage", None, now, None, "timed out", False)
    assert source_state(ledger_engine, "aws") is None


def test_what_tells_freshness_is_the_end_of_coverage_and_the_newest_day_with_rows(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    later = day + timedelta(days=1)
    covered = (Window(now - HOUR, now), Window(now + HOUR, now + 2 * HOUR))
    days = (stored_day(day, 4, "1"), stored_day(later, 4, None))
    record_collection(ledger_engine, lease, collection(*days, coverage=covered), now)
    record_failure(ledger_engine, SourceFailure("gpus", "usage", "timed out", False), now)
    aws, gpus = source_facts(ledger_engine)
    assert (aws.state.source, aws.covered_until, aws.newest_day) == ("aws", now + 2 * HOUR, day)
    assert (gpus.state.source, gpus.covered_until, gpus.newest_day) == ("gpus", None, None)


def test_without_the_lease_nothing_of_a_collection_is_written(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    assert acquire(ledger_engine, "leader", "other:1:1", now + HOUR, HOUR) is not None
    with pytest.raises(LeaseLostError):
        record_collection(ledger_engine, lease, collection(stored_day(day, 4, "1")), now + HOUR)
    with pytest.raises(LeaseLostError):
        record_unchanged(ledger_engine, lease, "aws", now + HOUR)
    assert canonical_dump(ledger_engine) == ""


def test_a_collection_that_breaks_off_in_the_middle_leaves_what_was_there(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, stored_day: MakeDay, day: date, now: datetime
) -> None:
    record_collection(ledger_engine, lease, collection(stored_day(day, 4, "1")), now)
    before = canonical_dump(ledger_engine)
    too_fine = stored_day(day + timedelta(days=1), 5, "0.0000000000001")
    broken = collection(stored_day(day, 5, "2"), too_fine, coverage=(Window(now, now + HOUR),))
    with pytest.raises(ValueError, match="finer than 1e-12"):
        record_collection(ledger_engine, lease, broken, now)
    assert canonical_dump(ledger_engine) == before


def test_a_time_without_a_zone_is_refused(
    ledger_engine: Engine, lease: Lease, collection: MakeCollection, now: datetime
) -> None:
    naive = replace(collection(), coverage=(Window(now.replace(tzinfo=None), now.replace(tzinfo=None) + HOUR),))
    with pytest.raises(Exception, match="has no time zone"):
        record_collection(ledger_engine, lease, naive, now)
    with pytest.raises(Exception, match="has no time zone"):
        record_collection(ledger_engine, lease, collection(), now.replace(tzinfo=None))
    assert canonical_dump(ledger_engine) == ""
