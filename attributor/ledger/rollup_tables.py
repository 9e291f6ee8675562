"""The ledger's tables of what published days came to: what reports read, and what was known before."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, Text, text

from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata
from attributor.ledger.money_columns import money_columns

rollup = Table(
    "rollup",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("source", String(100), nullable=False),
    Column("day", Date, nullable=False),
    Column("billing_month", String(7), nullable=False),
    Column("currency", String(20), nullable=False),
    Column("basis", String(20), nullable=False),
    Column("team", String(200), nullable=False),
    Column("project", String(300), nullable=False),
    Column("environment", String(300), nullable=False),
    Column("cost_center", String(300), nullable=False),
    Column("service", String(300), nullable=False),
    Column("provider", String(300), nullable=False),
    Column("account", String(300), nullable=False),
    Column("category", String(50), nullable=False),
    Column("model", String(300), nullable=False),
    Column("dimensions", Text, nullable=False, server_default=text("''")),
    Column("rule", String(300), nullable=False),
    Column("method", String(50), nullable=False),
    Column("shared_step", String(300), nullable=False),
    Column("idle_cause", String(50), nullable=False),
    Column("fallback", String(50), nullable=False),
    *money_columns("billed"),
    *money_columns("effective"),
    *money_columns("list"),
    Column("corrects", String(7), nullable=False, server_default=text("''")),
    Column("corrected_day", Date),
    Index("ix_rollup_source_day", "source", "day"),
    Index("ix_rollup_day_team", "day", "team"),
)
"""The daily sums of the published allocations; written in the transaction of their publication.

`basis` is "billed" or "estimated" (x_Basis); `account` is SubAccountId; `dimensions` is the JSON object of the
configured dimensions that have a value; empty text is "", never null. A row that `corrects` a closed month (YYYY-MM,
otherwise "") is what came later of its `corrected_day`; its `day` is that on which it was posted."""

costs_as_known = Table(
    "costs_as_known",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", String(100), primary_key=True),
    Column("currency", String(20), primary_key=True),
    Column("team", String(200), primary_key=True),
    Column("service", String(300), primary_key=True),
    Column("category", String(50), primary_key=True),
    Column("known_at", Instant, primary_key=True),
    *money_columns("effective"),
)
"""What a published day's costs came to before, where they came to something else later; append-only until it is pruned.

A row is what became known up to `known_at`, a whole hour, and holds until the next row of its key. A day without rows
never changed since it was first published. What corrects closed months is not in it."""

usage_rollup = Table(
    "usage_rollup",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("source", String(100), nullable=False),
    Column("day", Date, nullable=False),
    Column("metric", String(200), nullable=False),
    Column("pool", String(300), nullable=False),
    Column("team", String(200), nullable=False),
    Column("model", String(300), nullable=False),
    *money_columns("quantity"),
    Index("ix_usage_rollup_source_day", "source", "day"),
    Index("ix_usage_rollup_day_team", "day", "team"),
)
"""The daily sums of usage by team ("unattributed" where no fact names one) and model; exact like money."""

unmatched_owners = Table(
    "unmatched_owners",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("column_name", String(200), primary_key=True),
    Column("value", String(500), primary_key=True),
    Column("currency", String(20), primary_key=True),
    *money_columns("effective"),
)
"""Owner values that name no team, with the money behind them."""

tag_compliance = Table(
    "tag_compliance",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("source", String(100), nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", String(20), nullable=False),
    Column("account", String(300), nullable=False),
    Column("team", String(200), nullable=False),
    Column("tag", String(300), nullable=False),
    *money_columns("present"),
    *money_columns("missing"),
    Index("ix_tag_compliance_day", "day"),
)
"""The day's effective cost by required tag: of the charges that have it, and of those that lack it.

Empty where no tag is required; both sums of a tag together are the day's rollup."""
