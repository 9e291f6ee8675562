"""Two ledgers that say the same have the same dump, and only they."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
from sqlalchemy import Engine

from attributor.ledger.collected import Collection, record_collection
from attributor.ledger.dump import canonical_dump
from attributor.ledger.lease import Lease, acquire, release
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.runs import start_run

HOUR = timedelta(hours=1)


def test_when_and_how_often_something_was_done_does_not_show(
    ledger_engine: Engine,
    lease: Lease,
    collection: Callable[..., Collection],
    publication: Callable[..., DayPublication],
    now: datetime,
) -> None:
    record_collection(ledger_engine, lease, collection(), now)
    publish_day(ledger_engine, lease, publication("aws"), now)
    once = canonical_dump(ledger_engine)
    release(ledger_engine, lease)
    later = acquire(ledger_engine, "leader", "other:1:1", now + HOUR, HOUR)
    assert later is not None
    start_run(ledger_engine, now + HOUR)
    record_collection(ledger_engine, later, collection(), now + HOUR)
    publish_day(ledger_engine, later, publication("aws"), now + HOUR)
    assert canonical_dump(ledger_engine) == once
    assert once.splitlines()[0].startswith('publications {"day": "2026-11-19", "day_rules": "said 1", "inputs_digest":')


def test_a_single_unit_of_money_shows_and_the_order_of_rows_does_not(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., pa.Table],
    now: datetime,
) -> None:
    def dumped(*amounts: str) -> str:
        rows = rollup_rows(*({"effective": Decimal(amount)} for amount in amounts))
        publish_day(ledger_engine, lease, publication("aws", rollup=rows), now)
        return canonical_dump(ledger_engine)

    assert dumped("1", "2") == dumped("2", "1")
    assert dumped("1", "2") != dumped("1", "2.000000000001")
    assert dumped("1", "1") != dumped("1")
