"""What a day came to before is kept where it changes, by the hour, and nothing where it does not; on both databases."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine, select

from attributor.ledger.costs_as_known import forget_costs_as_known
from attributor.ledger.engine import reading
from attributor.ledger.lease import Lease
from attributor.ledger.money_columns import joined
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.tables import costs_as_known

HOUR = timedelta(hours=1)
Publish = Callable[..., None]


@pytest.fixture
def publish(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., pa.Table],
) -> Publish:
    """Publish the day with a cost by team: `publish(at, search="1")`."""

    def published(at: datetime, **costs: str) -> None:
        rows: list[dict[str, Any]] = [{"team": team, "effective": Decimal(cost)} for team, cost in costs.items()]
        publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows(*rows)), at)

    return published


def noted(engine: Engine) -> list[tuple[datetime, str, Decimal]]:
    with reading(engine) as connection:
        rows = connection.execute(select(costs_as_known).order_by(costs_as_known.c.known_at, costs_as_known.c.team))
        return [(row.known_at, row.team, joined(row.effective_millionths, row.effective_rest)) for row in rows]


def test_a_day_that_never_changes_costs_nothing(ledger_engine: Engine, publish: Publish, now: datetime) -> None:
    publish(now, search="1", ads="2")
    publish(now + HOUR, ads="2", search="1")
    assert noted(ledger_engine) == []


def test_the_first_change_brings_what_was_before_and_then_only_what_changes(
    ledger_engine: Engine, publish: Publish, now: datetime
) -> None:
    publish(now, search="1", ads="2")
    publish(now + HOUR, search="1.000000000001", ads="2")
    assert noted(ledger_engine) == [
        (now, "ads", 2),
        (now, "search", 1),
        (now + HOUR, "search", Decimal("1.000000000001")),
    ]
    publish(now + 2 * HOUR, search="1.000000000001")
    assert noted(ledger_engine)[3:] == [(now + 2 * HOUR, "ads", 0)]


def test_what_changes_within_an_hour_is_known_as_it_was_at_its_end(
    ledger_engine: Engine, publish: Publish, now: datetime
) -> None:
    minute = timedelta(minutes=1)
    publish(now + minute, search="1", ads="7")
    publish(now + 20 * minute, search="2", ads="7")
    publish(now + 40 * minute, search="3", ads="7")
    assert noted(ledger_engine) == [(now + HOUR, "ads", 7), (now + HOUR, "search", 3)]


def test_what_is_old_is_forgotten_by_whole_days(
    ledger_engine: Engine, publish: Publish, day: date, now: datetime
) -> None:
    publish(now, search="1")
    publish(now + HOUR, search="2")
    forget_costs_as_known(ledger_engine, day)
    assert len(noted(ledger_engine)) == 2
    forget_costs_as_known(ledger_engine, day + timedelta(days=1))
    assert noted(ledger_engine) == []
