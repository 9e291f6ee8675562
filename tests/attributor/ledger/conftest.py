"""What the ledger's tests share: a fixed clock, a lease, and ready-made input."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from attributor.ledger.collected import CollectedDay, Collection, ControlSums, StoredDay
from attributor.ledger.lease import Lease, acquire
from attributor.ledger.publications import DayPublication, RuleSetText, SourcePublication
from attributor.ledger.published_rows import ROLLUP, UNMATCHED_OWNERS, USAGE_ROLLUP


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def day() -> date:
    return date(2026, 11, 19)


@pytest.fixture
def lease(ledger_engine: Engine, now: datetime) -> Lease:
    taken = acquire(ledger_engine, "leader", "elsewhere:1:1", now, timedelta(minutes=1))
    assert taken is not None
    return taken


@pytest.fixture
def stored_day() -> Callable[..., StoredDay]:
    """Make a stored day whose costs are all the same amount; without an amount, a day without rows."""

    def make(day: date, version: int, amount: str | None, currency: str = "USD") -> StoredDay:
        if amount is None:
            return StoredDay(day, CollectedDay(version, f"digest {version}", 0))
        cost = Decimal(amount)
        sums = (ControlSums(currency, billed=cost, effective=cost, list=cost),)
        return StoredDay(day, CollectedDay(version, f"digest {version}", 3), sums)

    return make


@pytest.fixture
def collection() -> Callable[..., Collection]:
    """Make a collection of the source "aws" that stored these days, with any other value changed."""

    def make(*days: StoredDay, **changes: Any) -> Collection:
        values: dict[str, Any] = {"source": "aws", "table": "charges", "revision": "r1", "coverage": (), "files": ()}
        return Collection(**{**values, "days": days, **changes})

    return make


@pytest.fixture
def rollup_rows() -> Callable[..., pa.Table]:
    """Make rollup rows from what matters in a test."""

    def make(*rows: dict[str, Any]) -> pa.Table:
        text = {field.name: "" for field in ROLLUP if field.type == pa.string()}
        amounts = {field.name: Decimal(0) for field in ROLLUP if field.type != pa.string()}
        usual = {"source": "aws", "currency": "USD", "billing_month": "2026-11", "basis": "billed", "team": "search"}
        return pa.Table.from_pylist([{**text, **amounts, **usual, **row} for row in rows], schema=ROLLUP)

    return make


@pytest.fixture
def publication(day: date, now: datetime) -> Callable[..., DayPublication]:
    """Make the publication of the day with these sources, with any other value changed."""

    def make(*sources: str, **changes: Any) -> DayPublication:
        end = now + timedelta(hours=1)
        values: dict[str, Any] = {
            "day": day,
            "rules": RuleSetText("rules 1", "rules: []"),
            "sources": tuple(
                SourcePublication(source, 3, 5, {"gpus": {day: 7}}, now, end, "inputs 1", "said 1")
                for source in sources
            ),
            "rollup": ROLLUP.empty_table(),
            "usage": USAGE_ROLLUP.empty_table(),
            "unmatched": UNMATCHED_OWNERS.empty_table(),
        }
        return DayPublication(**{**values, **changes})

    return make
