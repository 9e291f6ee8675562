"""The first tables.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_collection()
    _create_publication()
    _create_state()


def _create_collection() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "sources",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("table_name", sa.String(20), nullable=False),
        sa.Column("revision", sa.String(128), nullable=True),
        sa.Column("tried_at", _INSTANT, nullable=True),
        sa.Column("succeeded_at", _INSTANT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_is_permanent", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("source", name="pk_sources"),
    )
    op.create_table(
        "coverage",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("start", _INSTANT, nullable=False),
        sa.Column("end", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", "start", name="pk_coverage"),
    )
    op.create_table(
        "files_read",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("place", sa.String(1000), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(20), nullable=True),
        sa.Column("sums", sa.Text(), nullable=False),
        sa.Column("rounded", sa.Text(), nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", "place", name="pk_files_read"),
    )
    op.create_table(
        "collected",
        sa.Column("table_name", sa.String(20), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("collected_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "source", "day", name="pk_collected"),
    )
    op.create_table(
        "control_sums",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        *_amount("billed"),
        *_amount("effective"),
        *_amount("list"),
        sa.PrimaryKeyConstraint("source", "day", "currency", name="pk_control_sums"),
    )
    op.create_table(
        "restatements",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("noticed_at", _INSTANT, nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        *_amount("before"),
        *_amount("after"),
        sa.PrimaryKeyConstraint("source", "day", "noticed_at", "currency", name="pk_restatements"),
    )


def _create_publication() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_rule_sets"),
    )
    op.create_table(
        "publications",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("charges_version", sa.BigInteger(), nullable=False),
        sa.Column("allocations_version", sa.BigInteger(), nullable=False),
        sa.Column("usage_versions", sa.Text(), nullable=False),
        sa.Column("usage_start", _INSTANT, nullable=True),
        sa.Column("usage_end", _INSTANT, nullable=True),
        sa.Column("rules_digest", sa.String(64), nullable=False),
        sa.Column("inputs_digest", sa.String(64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("published_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name="pk_publications"),
    )
    op.create_table(
        "rollup",
        sa.Column("id", _ROW_ID, nullable=False, autoincrement=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("billing_month", sa.String(7), nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("basis", sa.String(20), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("project", sa.String(300), nullable=False),
        sa.Column("environment", sa.String(300), nullable=False),
        sa.Column("cost_center", sa.String(300), nullable=False),
        sa.Column("service", sa.String(300), nullable=False),
        sa.Column("provider", sa.String(300), nullable=False),
        sa.Column("account", sa.String(300), nullable=False),
        sa.Column("category", sa.String(50), nullable=False),
        sa.Column("model", sa.String(300), nullable=False),
        sa.Column("rule", sa.String(300), nullable=False),
        sa.Column("method", sa.String(50), nullable=False),
        sa.Column("shared_step", sa.String(300), nullable=False),
        sa.Column("idle_cause", sa.String(50), nullable=False),
        sa.Column("fallback", sa.String(50), nullable=False),
        *_amount("billed"),
        *_amount("effective"),
        *_amount("list"),
        sa.PrimaryKeyConstraint("id", name="pk_rollup"),
    )
    op.create_index("ix_rollup_day_team", "rollup", ["day", "team"])
    op.create_index("ix_rollup_source_day", "rollup", ["source", "day"])
    op.create_table(
        "usage_rollup",
        sa.Column("id", _ROW_ID, nullable=False, autoincrement=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.String(200), nullable=False),
        sa.Column("pool", sa.String(300), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("model", sa.String(300), nullable=False),
        *_amount("quantity"),
        sa.PrimaryKeyConstraint("id", name="pk_usage_rollup"),
    )
    op.create_index("ix_usage_rollup_day_team", "usage_rollup", ["day", "team"])
    op.create_index("ix_usage_rollup_source_day", "usage_rollup", ["source", "day"])
    op.create_table(
        "unmatched_owners",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("column_name", sa.String(200), nullable=False),
        sa.Column("value", sa.String(500), nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        *_amount("effective"),
        sa.PrimaryKeyConstraint("source", "day", "column_name", "value", "currency", name="pk_unmatched_owners"),
    )


def _create_state() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT, nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_table(
        "alerts",
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("first_seen", _INSTANT, nullable=False),
        sa.Column("last_seen", _INSTANT, nullable=False),
        sa.Column("resolved_at", _INSTANT, nullable=True),
        sa.Column("snoozed_until", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_alerts"),
    )
    op.create_index("ix_alerts_status", "alerts", ["status"])
    op.create_table(
        "notifications",
        sa.Column("group_key", sa.String(500), nullable=False),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("sent_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("group_key", "channel", name="pk_notifications"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("group_key", sa.String(500), nullable=False),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at"])


def _amount(name: str) -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column(f"{name}_millionths", sa.BigInteger(), nullable=False),
        sa.Column(f"{name}_rest", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("put the ledger's backup back instead")
