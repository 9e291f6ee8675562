"""The ledger's tables of what usage is estimated to cost, until its bill comes and where no price is known."""

from sqlalchemy import Column, Date, Index, String, Table

from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata
from attributor.ledger.money_columns import money_columns

estimated_days = Table(
    "estimated_days",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("bill_digest", String(64), nullable=False),
    Column("usage_digest", String(64), nullable=False),
    Column("derived_at", Instant, nullable=False),
)
"""How each day of a billed source that prices stand for is counted: by its estimate, by its bill, or not priced at all.

`source` is "" for prices that replace nothing, whose `state` is "beside". The digests are of what was derived from."""

estimates = Table(
    "estimates",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("provider", String(300), primary_key=True),
    Column("service", String(300), primary_key=True),
    Column("currency", String(20), primary_key=True),
    *money_columns("estimated"),
    *money_columns("billed"),
    Index("ix_estimates_day", "day"),
)
"""What the usage of a day was estimated to cost, and what the charges that the estimate stands for were billed at.

While the day's state is "estimated", `billed` is what of the bill is held back; once it is "billed", the difference is
the estimate's variance."""

unpriced_usage = Table(
    "unpriced_usage",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("usage_source", String(100), primary_key=True),
    Column("provider", String(300), primary_key=True),
    Column("model", String(300), primary_key=True),
    Column("metric", String(200), primary_key=True),
    Column("team", String(200), primary_key=True),
    Column("reason", String(300), nullable=False),
    *money_columns("quantity"),
    Index("ix_unpriced_usage_day", "day"),
)
"""What was used on a day and should have a price, which none is known of: its cost is unknown, and it is in no total.

`source` is that of the bill that the price would stand for, as in `estimated_days`."""
