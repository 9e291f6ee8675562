"""The ledger's tables: what is published, what reports read, and the daemon's state."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, Text, text

from attributor.ledger.access_tables import api_tokens, audit_trail
from attributor.ledger.alert_tables import (
    alert_decisions,
    alert_feedback,
    alert_notes,
    alerts,
    channel_memory,
    notifications,
    outbox,
    silences,
)
from attributor.ledger.budget_tables import budget_edits
from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata
from attributor.ledger.money_columns import money_columns
from attributor.ledger.source_tables import (
    asking,
    collected,
    control_sums,
    coverage,
    files_read,
    source_silences,
    sources,
)
from attributor.ledger.statement_tables import corrections, statement_deliveries, statements
from attributor.ledger.team_day_table import team_days
from attributor.ledger.usage_tables import usage_by_fact, usage_hours

__all__ = [  # those that are defined elsewhere: all tables can be had here
    "alert_decisions",
    "alert_feedback",
    "alert_notes",
    "alerts",
    "api_tokens",
    "asking",
    "audit_trail",
    "budget_edits",
    "channel_memory",
    "collected",
    "control_sums",
    "corrections",
    "coverage",
    "files_read",
    "metadata",
    "notifications",
    "outbox",
    "silences",
    "source_silences",
    "sources",
    "statement_deliveries",
    "statements",
    "team_days",
    "usage_by_fact",
    "usage_hours",
]

leases = Table(
    "leases",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
"""Who leads. Every publication is conditional on the epoch."""

editions = Table(
    "editions",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("edition", String(64), nullable=False),
)
"""The row "reported" has another `edition` after every change of what reports are made of; so has each table of it."""

day_editions = Table(
    "day_editions",
    metadata,
    Column("day", Date, primary_key=True),
    Column("edition", String(64), nullable=False),
)
"""Another `edition` whenever the rollup or the usage of a UTC day is written anew."""

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

restatements = Table(
    "restatements",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("noticed_at", Instant, primary_key=True),
    Column("currency", String(20), primary_key=True),
    *money_columns("before"),
    *money_columns("after"),
)
"""A day that was stored before and came again with another effective cost."""

rule_sets = Table(
    "rule_sets",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("first_used_at", Instant, nullable=False),
)
"""Every version of the teams and rules that a published day was attributed by."""

publications = Table(
    "publications",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("charges_version", BigInteger, nullable=False),
    Column("allocations_version", BigInteger, nullable=False),
    Column("usage_versions", Text, nullable=False),
    Column("usage_start", Instant),
    Column("usage_end", Instant),
    Column("rules_digest", String(64), nullable=False),
    Column("inputs_digest", String(64), nullable=False),
    Column("day_rules", String(64), nullable=False, server_default=text("''")),
    Column("epoch", BigInteger, nullable=False),
    Column("published_at", Instant, nullable=False),
)
"""The only publisher: one row a source and day names the lake versions that readers use.

`usage_versions` is a JSON map source -> {day: version} of the usage that [usage_start, usage_end) was read from.
`rules_digest` names the rules that the day was attributed by, `day_rules` is a digest of what they say of the day.
`inputs_digest` is of that, the charges' and the usage's contents, so that what is out of date is found."""

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

runs = Table(
    "runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("summary", Text),
)
