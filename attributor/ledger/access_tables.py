"""The ledger's tables of access: API tokens, and who changed what."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("teams", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    Column("revoked_by", String(200)),
)
"""Tokens of programs: `digest` is the SHA-256 of the secret, which is kept nowhere; `teams` is a JSON list of ids."""

audit_trail = Table(
    "audit_trail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", String(200), nullable=False),
    Column("via", String(20), nullable=False),
    Column("action", String(300), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_audit_trail_at", "at"),
)
"""Every change that somebody made: who, how they had signed in (`via`), what they asked for and what they sent."""
