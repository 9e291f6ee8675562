"""Statements that could not be delivered, as their detector wants them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.detect.undelivered import FailedStatement
from attributor.ledger.engine import reading
from attributor.ledger.statement_deliveries import troubled_parcels

_GIVEN_UP = timedelta(days=2)
"""What is sent is tried once a day at least: what is longer overdue goes to a place that is not configured any more."""


def failed_statements(engine: Engine, now: datetime) -> Iterator[FailedStatement]:
    """Yield what waits because of a failure, and what was sent in part."""
    with reading(engine) as connection:
        troubled = troubled_parcels(connection)
    for each in troubled:
        if each.state == "pending" and each.due_at < now - _GIVEN_UP:
            continue
        yield FailedStatement(
            destination=each.parcel.destination,
            month=str(each.parcel.month),
            owner=each.parcel.owner or "Without a cost center",
            error=each.error or "",
            since=each.sent_at or each.failing_since or now,
            is_permanent=each.is_permanent,
            is_sent=each.sent_at is not None,
        )
