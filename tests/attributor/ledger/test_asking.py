"""What asking takes is summed by month, exactly, and forgotten in the end."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from attributor.ledger.asking import Asked, asked_this_month, forget_asking, record_asking, summed

HOUR = timedelta(hours=1)


def test_a_month_is_the_sum_of_its_readings(ledger_engine: Engine, now: datetime) -> None:
    for hours, cost in enumerate(("0.01", "0.000000000001", "0.02")):
        record_asking(ledger_engine, "aws", Asked(2, Decimal(cost)), now + hours * HOUR)
    record_asking(ledger_engine, "gpus", Asked(7), now)
    record_asking(ledger_engine, "files", Asked(0), now)
    record_asking(ledger_engine, "aws", Asked(100, Decimal(1)), now - 20 * 24 * HOUR)
    assert asked_this_month(ledger_engine, now) == {
        "aws": Asked(6, Decimal("0.030000000001")),
        "gpus": Asked(7, Decimal(0)),
    }


def test_a_price_by_the_byte_is_rounded_before_it_is_added_up() -> None:
    by_the_byte = Asked(1, Decimal("0.00011920928955078125"))
    assert summed([by_the_byte, Asked(2, Decimal("0.01"))]) == Asked(3, Decimal("0.010119209290"))
    assert summed([]) == Asked(0, Decimal(0))


def test_what_was_asked_long_ago_is_forgotten(ledger_engine: Engine, now: datetime) -> None:
    record_asking(ledger_engine, "aws", Asked(2), now - 3 * HOUR)
    record_asking(ledger_engine, "aws", Asked(3), now)
    forget_asking(ledger_engine, now - HOUR)
    assert asked_this_month(ledger_engine, now) == {"aws": Asked(3)}
