"""The ledger's tables of alerts: how they stand, what was told of them and why, and what people said."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from attributor.ledger.instants import Instant
from attributor.ledger.metadata import metadata

alerts = Table(
    "alerts",
    metadata,
    Column("key", String(500), primary_key=True),
    Column("kind", String(50), nullable=False),
    Column("team", String(200), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("body", Text, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("snoozed_until", Instant),
    Column("handled_by", String(200)),
    Column("handled_at", Instant),
    Column("handled_note", Text),
    Column("woken_at", Instant),
    Index("ix_alerts_status", "status"),
)
"""Alert states; `body` is the alert as JSON, amounts as decimal strings."""

notifications = Table(
    "notifications",
    metadata,
    Column("group_key", String(500), primary_key=True),
    Column("channel", String(100), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("incident", String(64)),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("group_key", String(500), nullable=False),
    Column("channel", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("team", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("error", Text),
    Column("sent_at", Instant),
    Column("incident", String(64)),
    Column("note", Text),
    Column("open_alerts", Integer),
    Index("ix_outbox_state_due_at", "state", "due_at"),
    Index("ix_outbox_group_key", "group_key"),
)

alert_decisions = Table(
    "alert_decisions",
    metadata,
    Column("subject", String(500), primary_key=True),
    Column("stage", String(20), primary_key=True),
    Column("channel", String(100), primary_key=True),
    Column("verdict", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Index("ix_alert_decisions_since", "since"),
)
"""Why each stage last decided as it did about an alert or a group (`subject`), and since when it decides so."""

silences = Table(
    "silences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("matches", Text, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""What somebody keeps quiet for a while; `matches` is JSON: globs by team, severity, kind and key."""

channel_memory = Table(
    "channel_memory",
    metadata,
    Column("channel", String(100), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("value", Text, nullable=False),
    Column("kept_at", Instant, nullable=False),
    Index("ix_channel_memory_kept_at", "kept_at"),
)
"""What channels remember between messages, as where an incident was posted."""

alert_notes = Table(
    "alert_notes",
    metadata,
    Column("key", String(500), primary_key=True),
    Column("team", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("first_noted", Instant, nullable=False),
    Column("last_noted", Instant, nullable=False),
    Index("ix_alert_notes_last_noted", "last_noted"),
)
"""What was seen, is written down and is no alarm; `body` is JSON like that of an alert."""

alert_feedback = Table(
    "alert_feedback",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pattern", String(500), nullable=False),
    Column("key", String(500), nullable=False),
    Column("lesson", String(20), nullable=False),
    Column("until", Instant),
    Column("amount", Text),
    Column("currency", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("given_by", String(200), nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("taken_back_by", String(200)),
    Column("taken_back_at", Instant),
)
"""What was learned from people of alerts' patterns, globs over keys; `amount` is a decimal string."""
