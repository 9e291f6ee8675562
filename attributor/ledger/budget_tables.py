"""The ledger's table of budgets that were changed beside the rules file."""

from sqlalchemy import Column, Integer, String, Table

from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata

budget_edits = Table(
    "budget_edits",
    metadata,
    Column("team", String(200), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("monthly", String(60)),
    Column("in_file", String(60)),
    Column("reason", String(500), nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""Every change of a team's budget on the page; rows are never changed or deleted, and the last revision counts.

Amounts are decimal strings: `monthly` is the budget from then on, null where the file's is taken again; `in_file` is
what the file said at the time, null for no budget. A budget that was changed holds as long as the file says that."""
