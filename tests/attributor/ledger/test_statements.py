"""Closing a month leaves a statement that can be held against the rows, and undoing it leaves a trace."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.statement_content import statement_content, statement_digest
from attributor.ledger.statements import Statement, closed_months, record_statement, record_undoing, statements
from attributor.periods import Month

NOVEMBER = Month(2026, 11)
RECORDED = "a9928b47625282dc1736393ac690d4e71f71957ee499bec17e38c2c833975ca6"
"""Of an earlier version: statements that it froze must still be found to hold."""


@pytest.fixture
def publish(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., pa.Table],
    now: datetime,
) -> Callable[..., None]:
    """Publish a day of November with a row for each (team, effective cost)."""

    def put(day: int, *costs: tuple[str, str]) -> None:
        rows = rollup_rows(*({"team": team, "effective": Decimal(cost)} for team, cost in costs))
        publish_day(ledger_engine, lease, publication("aws", day=date(2026, 11, day), rollup=rows), now)

    return put


def close(engine: Engine, now: datetime, by: str = "ana") -> Statement:
    with writing(engine) as connection:
        content = statement_content(connection, NOVEMBER)
        return record_statement(connection, Statement(NOVEMBER, 0, now, by, "rules 1", content))


def test_a_closed_month_is_known_with_what_was_frozen(
    ledger_engine: Engine, publish: Callable[..., None], now: datetime
) -> None:
    publish(1, ("search", "0.000000000001"), ("ads", "-3"))
    publish(30, ("search", "2"))
    assert closed_months(ledger_engine) == {}
    close(ledger_engine, now)
    found = closed_months(ledger_engine)[NOVEMBER]
    assert (found.revision, found.closed_at, found.closed_by, found.rules_digest) == (1, now, "ana", "rules 1")
    assert found.content.totals["USD"]["effective"] == Decimal("-0.999999999999")
    assert found.content.teams == {"USD": {"search": Decimal("2.000000000001"), "ads": Decimal(-3)}}


def test_undoing_keeps_the_row_and_closing_again_is_a_new_revision(
    ledger_engine: Engine, publish: Callable[..., None], now: datetime
) -> None:
    publish(1, ("search", "5"))
    first, later = close(ledger_engine, now), now + timedelta(hours=1)
    with writing(ledger_engine) as connection:
        taken_back = {"USD": {"effective": Decimal("0.5")}}
        record_undoing(connection, replace(first, undone_at=later, undone_by="ben", taken_back=taken_back))
    assert closed_months(ledger_engine) == {}
    second = close(ledger_engine, later, "cleo")
    undone, stands = statements(ledger_engine)
    assert (undone.revision, undone.undone_at, undone.undone_by) == (1, later, "ben")
    assert undone.taken_back == {"USD": {"effective": Decimal("0.5")}}
    assert (stands, stands.revision, stands.stands) == (second, 2, True)


def test_the_digest_is_that_of_the_rows_whatever_their_order_and_finds_one_unit(
    ledger_engine: Engine, publish: Callable[..., None]
) -> None:
    def digest() -> str:
        with reading(ledger_engine) as connection:
            return statement_digest(connection, NOVEMBER)

    publish(3, ("search", "5"), ("ads", "7"))
    once = digest()
    publish(3, ("ads", "7"), ("search", "5"))
    assert digest() == once
    publish(3, ("ads", "7"), ("search", "5.000000000001"))
    assert digest() != once


def test_a_digest_is_the_same_on_both_databases_and_in_every_version_of_the_program(
    ledger_engine: Engine, publish: Callable[..., None]
) -> None:
    publish(3, ("search", "5"), ("Äds", "7"), ("ads", "-0.000000000001"))
    with reading(ledger_engine) as connection:
        assert statement_digest(connection, NOVEMBER) == RECORDED
