"""A ledger on disk with its tables, and plain inserts to fill it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, insert

from attributor.ledger.money_columns import money_values
from attributor.ledger.tables import control_sums, coverage, publications, rollup
from attributor.ledger.team_days import sum_team_days
from attributor.periods import days_between

Put = Callable[..., None]
_COSTS = ("effective", "billed", "list")


@pytest.fixture
def engine(tmp_path: Path, make_ledger: Callable[[Path], Engine]) -> Iterator[Engine]:
    opened = make_ledger(tmp_path)
    yield opened
    opened.dispose()


def _row(table: Table, given: dict[str, Any], money: tuple[str, ...]) -> dict[str, Any]:
    named = (column.name for column in table.columns if not column.nullable)
    values = {name: "" for name in named if not name.endswith(("_millionths", "_rest", "id"))}
    values |= {name: value for name, value in given.items() if name not in money}
    for name in money:
        values |= money_values(name, Decimal(given.get(name, "0")))
    return values


@pytest.fixture
def put_costs(engine: Engine) -> Callable[[Sequence[dict[str, Any]]], None]:
    """Insert rollup rows; `cost` stands for the three costs, unless one is given."""

    def put(rows: Sequence[dict[str, Any]]) -> None:
        usual = {"source": "bill", "day": date(2026, 10, 5), "billing_month": "2026-10", "currency": "USD"}
        usual |= {"basis": "billed", "team": "search", "method": "direct"}
        values = []
        for given in rows:
            row = usual | dict.fromkeys(_COSTS, given.get("cost", "0")) | given
            values.append(_row(rollup, {name: value for name, value in row.items() if name != "cost"}, _COSTS))
        with engine.begin() as connection:
            if values:
                connection.execute(insert(rollup), values)
            sum_team_days(connection, {row["day"] for row in values})

    return put


@pytest.fixture
def put_cost(put_costs: Callable[[Sequence[dict[str, Any]]], None]) -> Put:
    """Insert one rollup row; the three costs are equal unless said otherwise."""
    return lambda cost, **given: put_costs([{"cost": cost, **given}])


@pytest.fixture
def put_control(engine: Engine) -> Put:
    """Insert the control sums of one source and day; the three costs are equal unless said otherwise."""

    def put(cost: str, **given: Any) -> None:
        row = {"source": "bill", "day": date(2026, 10, 5), "currency": "USD"}
        costs = {"effective": cost, "billed": cost, "list": cost}
        with engine.begin() as connection:
            values = _row(control_sums, {**row, **costs, **given}, tuple(costs))
            connection.execute(insert(control_sums).values(values))

    return put


@pytest.fixture
def put_published(engine: Engine) -> Put:
    """Publish a source's days [first, end); a source of usage has no version of charges."""

    def put(first: date, end: date, source: str = "bill", *, version: int = 1) -> None:
        row = {"charges_version": version, "allocations_version": version, "usage_versions": "{}", "rules_digest": "r"}
        row |= {"inputs_digest": "i", "epoch": 1, "published_at": datetime(2026, 10, 20, tzinfo=UTC), "source": source}
        with engine.begin() as connection:
            connection.execute(insert(publications), [row | {"day": day} for day in days_between(first, end)])

    return put


@pytest.fixture
def put_covered(engine: Engine) -> Put:
    """Record that a source has told of [start, end)."""

    def put(start: datetime, end: datetime, source: str = "bill") -> None:
        with engine.begin() as connection:
            connection.execute(insert(coverage).values(source=source, start=start, end=end))

    return put


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 10, 20, 12, tzinfo=UTC)
