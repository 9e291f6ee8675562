"""The ledger's tables of what was used beside the daily sums by team: hour by hour, and by what the usage says."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, text

from attributor.ledger.metadata import metadata
from attributor.ledger.money_columns import money_columns

usage_hours = Table(
    "usage_hours",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("source", String(100), nullable=False),
    Column("day", Date, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("metric", String(200), nullable=False),
    Column("pool", String(300), nullable=False),
    Column("team", String(200), nullable=False, server_default=text("''")),
    *money_columns("quantity"),
    Index("ix_usage_hours_day", "day", "team"),
)
"""GPU hours (there, held, computing, computing but little) by pool and hour of the UTC day, 0 to 23.

Rows of team "" are those of all together; beside them stands what each team held and computed of it."""

usage_by_fact = Table(
    "usage_by_fact",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("source", String(100), nullable=False),
    Column("day", Date, nullable=False),
    Column("metric", String(200), nullable=False),
    Column("pool", String(300), nullable=False),
    Column("team", String(200), nullable=False),
    Column("model", String(300), nullable=False),
    Column("fact", String(50), nullable=False),
    Column("value", String(300), nullable=False),
    *money_columns("quantity"),
    Index("ix_usage_by_fact_day", "day", "fact"),
)
"""The day's usage by what it says of itself: `fact` is job, key, feature or tier.

A source's hundred largest values of a fact on a day stand by themselves, the others are "(other)". Usage that does not
say is absent: what a fact's rows lack of `usage_rollup` says nothing."""
