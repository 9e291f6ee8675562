"""The ledger's tables: what is published, what reports read, and the daemon's state."""

from sqlalchemy import BigInteger, Column, Date, String, Table, Text, text

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
from attributor.ledger.estimate_tables import estimated_days, estimates, unpriced_usage
from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata
from attributor.ledger.money_columns import money_columns
from attributor.ledger.rollup_tables import costs_as_known, rollup, tag_compliance, unmatched_owners, usage_rollup
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
    "costs_as_known",
    "coverage",
    "estimated_days",
    "estimates",
    "files_read",
    "metadata",
    "notifications",
    "outbox",
    "rollup",
    "silences",
    "source_silences",
    "sources",
    "statement_deliveries",
    "statements",
    "tag_compliance",
    "team_days",
    "unmatched_owners",
    "unpriced_usage",
    "usage_by_fact",
    "usage_hours",
    "usage_rollup",
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

runs = Table(
    "runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("summary", Text),
)
