"""The edition of the ledger changes with what reports are made of, and in the same transaction, on both databases."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, insert, update

from attributor.ledger.editions import edition
from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease, renew
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.runs import start_run
from attributor.ledger.tables import coverage


def seen(engine: Engine) -> str:
    with reading(engine) as connection:
        return edition(connection)


def test_a_published_day_makes_another_edition_each_time(
    ledger_engine: Engine, lease: Lease, publication: Callable[..., DayPublication], now: datetime
) -> None:
    found = [seen(ledger_engine)]
    for _ in range(2):
        publish_day(ledger_engine, lease, publication("aws"), now)
        found.append(seen(ledger_engine))
    assert found[0] == ""
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    "change",
    [insert(coverage), update(coverage).values(source="gcp"), delete(coverage)],
    ids=["insert", "update", "delete"],
)
def test_every_kind_of_change_makes_another_edition(ledger_engine: Engine, now: datetime, change) -> None:
    span = {"source": "aws", "start": now, "end": now}
    with writing(ledger_engine) as connection:
        connection.execute(change, span if change.is_insert else {})
    assert seen(ledger_engine)


def test_no_reader_sees_a_new_edition_before_what_it_is_of(ledger_engine: Engine, now: datetime) -> None:
    with writing(ledger_engine) as connection:
        connection.execute(insert(coverage).values(source="aws", start=now, end=now))
        assert seen(ledger_engine) == ""
    assert seen(ledger_engine)


def test_what_is_rolled_back_leaves_the_edition_and_the_next_change_still_counts(
    ledger_engine: Engine, now: datetime
) -> None:
    span = insert(coverage).values(source="aws", start=now, end=now)
    with pytest.raises(ZeroDivisionError), writing(ledger_engine) as connection:
        connection.execute(span)
        raise ZeroDivisionError
    assert seen(ledger_engine) == ""
    with writing(ledger_engine) as connection:
        connection.execute(span)
    assert seen(ledger_engine)


def test_work_that_no_report_is_made_of_leaves_the_edition(
    ledger_engine: Engine, lease: Lease, publication: Callable[..., DayPublication], now: datetime
) -> None:
    publish_day(ledger_engine, lease, publication("aws"), now)
    before = seen(ledger_engine)
    start_run(ledger_engine, now)
    renew(ledger_engine, lease, now, timedelta(minutes=1))
    assert seen(ledger_engine) == before
