"""The ledger's tables of sources: how each stands, what it told of which time, and what asking it took."""

from sqlalchemy import BigInteger, Boolean, Column, Date, String, Table, Text

from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata
from attributor.ledger.money_columns import money_columns

sources = Table(
    "sources",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("table_name", String(20), nullable=False),
    Column("revision", String(128)),
    Column("tried_at", Instant),
    Column("succeeded_at", Instant),
    Column("error", Text),
    Column("error_is_permanent", Boolean),
    Column("first_tried_at", Instant),
    Column("failing_since", Instant),
    Column("gaps_asked_at", Instant),
)
"""How each source stands; `revision` is the collector's at the last success.

`failing_since` is the first failure after the last success, null while there is none. `gaps_asked_at` is when what it
left uncovered, further back than it restates, was last asked for again."""

asking = Table(
    "asking",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("asked_at", Instant, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    *money_columns("cost"),
)
"""What each reading of a source asked, failed ones too; `cost` is in US dollars, by the provider's list."""

coverage = Table(
    "coverage",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("start", Instant, primary_key=True),
    Column("end", Instant, nullable=False),
)
"""The half-open, merged spans that a source has covered: zero is not missing."""

source_silences = Table(
    "source_silences",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("seconds", BigInteger, nullable=False),
)
"""The longest time for which a source had told of nothing new when it went on, by the UTC day on which it did."""

files_read = Table(
    "files_read",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("place", String(1000), primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("currency", String(20)),
    Column("sums", Text, nullable=False),
    Column("rounded", Text, nullable=False),
    Column("read_at", Instant, nullable=False),
)
"""Control totals by file as the provider wrote them; `sums` and `rounded` are JSON maps of decimal strings."""

collected = Table(
    "collected",
    metadata,
    Column("table_name", String(20), primary_key=True),
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("collected_at", Instant, nullable=False),
    Column("read_at", Instant),
)
"""The lake version that holds what a source last said of a day; not yet visible to reports.

`read_at` is the last reading that had rows of the day, changed or not: that of `files_read` where the files of the day
are still there."""

control_sums = Table(
    "control_sums",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("currency", String(20), primary_key=True),
    *money_columns("billed"),
    *money_columns("effective"),
    *money_columns("list"),
)
"""What the charges of a collected day sum to, taken when they were stored."""
