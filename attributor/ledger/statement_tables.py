"""The ledger's tables of closed months: their statements, and what was restated after them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, String, Table, Text

from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata

statements = Table(
    "statements",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("closed_at", Instant, nullable=False),
    Column("closed_by", String(200), nullable=False),
    Column("rules_digest", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("totals", Text, nullable=False),
    Column("teams", Text, nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", String(200)),
    Column("taken_back", Text),
)
"""Every closing of a month (YYYY-MM); rows are never deleted. A month is closed while its last one is not undone.

`digest` is of the month's rollup rows and rules (see `statement_content`); `rules_digest` are the rules in use when it
was closed. JSON maps of decimal strings: `totals` is currency -> {cost column: amount}, `teams` is currency -> {team:
effective cost}, `taken_back` is what the corrections that an undoing took back came to, like `totals`."""

corrections = Table(
    "corrections",
    metadata,
    Column("day", Date, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("month", String(7), nullable=False),
    Column("posted_on", Date, nullable=False),
    Column("charges_versions", Text, nullable=False),
    Column("allocations_version", BigInteger, nullable=False),
    Column("usage_versions", Text, nullable=False),
    Column("usage_start", Instant),
    Column("usage_end", Instant),
    Column("rules_digest", String(64), nullable=False),
    Column("inputs_digest", String(64), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("posted_at", Instant, nullable=False),
)
"""The `number`-th time that a UTC day of a closed month was attributed again; written with its rows of the rollup.

`posted_on` is the UTC day whose rollup holds the rows. Both `…_versions` are JSON maps source -> {day: version}: of the
day, or of its whole month where rules lean on it. `inputs_digest` is as in `publications`, with the digest of all the
rules in the place of what they say of the day: those of a closed month stay."""

statement_deliveries = Table(
    "statement_deliveries",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("owner_kind", String(20), primary_key=True),
    Column("owner", String(300), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("error", Text),
    Column("sent_at", Instant),
    Column("failing_since", Instant),
    Column("error_is_permanent", Boolean),
)
"""Which statement of a month (YYYY-MM) goes where: pending, sent, or superseded because the closing was undone.

`revision` is that of the closing, 0 for a draft. `owner_kind` is team or cost_center. `failing_since` is the first
failure of what is not sent yet."""
