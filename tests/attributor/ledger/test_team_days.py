"""What each team cost on each day in all is what the rollup's rows sum to, whatever was written, on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, delete, insert, select

import attributor.ledger.migrations
from attributor.ledger.corrections import DayState, post_correction
from attributor.ledger.engine import open_engine, reading, writing
from attributor.ledger.lease import Lease
from attributor.ledger.money_columns import joined
from attributor.ledger.publications import DayPublication, publish_day
from attributor.ledger.reopening import reopen
from attributor.ledger.statement_content import statement_content
from attributor.ledger.statements import Statement, record_statement
from attributor.ledger.tables import rollup, team_days
from attributor.ledger.team_day_table import BASES, PARTS
from attributor.ledger.team_days import sum_team_days
from attributor.periods import Month

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 10, 5)
LARGE, SMALL = "9100000.000000999999", "-0.000000000001"
ROWS: tuple[dict[str, Any], ...] = (
    {"category": "Usage", "effective": LARGE},
    {"category": "Usage", "effective": LARGE, "service": "S3"},
    {"category": "Tax", "effective": "0.3", "list": "0.4"},
    {"category": "Credit", "effective": SMALL, "billed": SMALL},
    {"category": "Usage", "effective": "5", "idle_cause": "held", "team": "ads"},
    {"category": "Usage", "effective": "7", "team": "idle"},
    {"category": "Usage", "effective": "11", "basis": "estimated", "team": "ads"},
    {"category": "Purchase", "billed": "13", "basis": "estimated", "currency": "EUR"},
)

Sums = dict[tuple[Any, ...], Decimal]


def by_hand(engine: Engine) -> Sums:
    """Sum the rollup row by row."""
    found: Sums = {}
    with reading(engine) as connection:
        for row in connection.execute(select(rollup)):
            for part in _parts(row):
                for basis in BASES:
                    key = (row.day, row.currency, row.team, basis + part)
                    cost = joined(row._mapping[f"{basis}_millionths"], row._mapping[f"{basis}_rest"])
                    found[key] = found.get(key, Decimal(0)) + cost
    return {key: cost for key, cost in found.items() if cost}


def _parts(row: Any) -> Iterator[str]:
    yield ""
    if row.category in {"Purchase", "Tax", "Credit", "Adjustment"} or row.corrects:
        yield "_fixed"
    if row.corrects:
        yield "_corrections"
    elif row.basis == "estimated":
        yield "_estimated"
    if row.idle_cause or row.team == "idle":
        yield "_idle"


def kept(engine: Engine) -> Sums:
    """Return what is kept of the sums; what is zero is left out."""
    with reading(engine) as connection:
        rows = connection.execute(select(team_days)).mappings().all()
    found = {
        (row["day"], row["currency"], row["team"], basis + part): joined(
            row[f"{basis}{part}_millionths"], row[f"{basis}{part}_rest"]
        )
        for row in rows
        for part in PARTS
        for basis in BASES
    }
    return {key: cost for key, cost in found.items() if cost}


def amounts(rows: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [{name: Decimal(of) if name in BASES else of for name, of in row.items()} for row in rows]


def test_they_are_the_sums_of_the_rows_after_publishing_correcting_and_opening_a_month_again(
    ledger_engine: Engine,
    lease: Lease,
    publication: Callable[..., DayPublication],
    rollup_rows: Callable[..., Any],
) -> None:
    def publish(*rows: dict[str, Any]) -> None:
        publish_day(ledger_engine, lease, publication("aws", day=DAY, rollup=rollup_rows(*amounts(rows))), NOW)

    for rows in (ROWS, ROWS[2:5], ROWS):
        publish(*rows)
        assert kept(ledger_engine) == by_hand(ledger_engine)
        assert kept(ledger_engine)
    with writing(ledger_engine) as connection:
        content = statement_content(connection, Month(2026, 10))
        closing = record_statement(connection, Statement(Month(2026, 10), 0, NOW, "ana", "rules 1", content))
    state = DayState("rules 1", "inputs 2", {"aws": {DAY: 6}}, {}, None, None, 9)
    post_correction(ledger_engine, lease, DAY, (state, rollup_rows(*amounts(ROWS[1:]))), NOW)
    assert kept(ledger_engine) == by_hand(ledger_engine)
    assert any(name == "effective_corrections" for *_, name in kept(ledger_engine))
    with writing(ledger_engine) as connection:
        reopen(connection, replace(closing), "ana", NOW)
    assert kept(ledger_engine) == by_hand(ledger_engine)
    assert not any(name == "effective_corrections" for *_, name in kept(ledger_engine))


def test_a_day_without_rows_has_no_sums(
    ledger_engine: Engine, lease: Lease, publication: Callable[..., DayPublication], rollup_rows: Callable[..., Any]
) -> None:
    publish_day(ledger_engine, lease, publication("aws", rollup=rollup_rows(*amounts(ROWS))), NOW)
    publish_day(ledger_engine, lease, publication("aws"), NOW)
    assert kept(ledger_engine) == {}


@pytest.mark.slow
def test_a_ledger_from_before_gets_them_when_it_is_migrated(empty_ledger_url: str, rollup_rows: Any) -> None:
    engine = open_engine(empty_ledger_url)
    folder = Path(attributor.ledger.migrations.__path__[0])

    def upgrade(to: str) -> None:
        with engine.begin() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(folder))
            command.upgrade(config, to)

    upgrade("head")
    with engine.begin() as connection:
        texts = {column.name: "" for column in rollup.columns if not column.nullable and column.name != "id"}
        usual = {"source": "aws", "day": DAY, "currency": "USD", "basis": "billed", "team": "search"}
        for row in ROWS:
            costs = {f"{basis}_{piece}": 3 + len(row) for basis in BASES for piece in ("millionths", "rest")}
            said = {name: of for name, of in row.items() if name not in BASES}
            connection.execute(insert(rollup).values({**texts, **usual, **said, **costs}))
        connection.execute(insert(rollup).values({**texts, **usual, **costs, "corrects": "2026-09"}))
        sum_team_days(connection, (DAY,))
    expected = kept(engine)
    with engine.begin() as connection:
        connection.execute(delete(team_days))
        connection.exec_driver_sql("DROP TABLE team_days")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0019'")
    upgrade("0020")
    assert kept(engine) == expected == by_hand(engine)
    engine.dispose()
