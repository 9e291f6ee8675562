"""Who handled an alert, incidents, why the path decided as it did, silences, and what people taught it.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("handled_by", sa.String(200)))
    op.add_column("alerts", sa.Column("handled_at", sa.DateTime(timezone=True)))
    op.add_column("alerts", sa.Column("handled_note", sa.Text()))
    op.add_column("alerts", sa.Column("woken_at", sa.DateTime(timezone=True)))
    for table in ("notifications", "outbox"):
        op.add_column(table, sa.Column("incident", sa.String(64)))
    op.add_column("outbox", sa.Column("note", sa.Text()))
    op.add_column("outbox", sa.Column("open_alerts", sa.Integer()))
    op.create_index("ix_outbox_group_key", "outbox", ["group_key"])
    op.create_table(
        "alert_decisions",
        sa.Column("subject", sa.String(500), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "stage", "channel", name="pk_alert_decisions"),
    )
    op.create_index("ix_alert_decisions_since", "alert_decisions", ["since"])
    op.create_table(
        "silences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("matches", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
    )
    op.create_table(
        "alert_feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pattern", sa.String(500), nullable=False),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("lesson", sa.String(20), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("amount", sa.Text()),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("given_by", sa.String(200), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_by", sa.String(200)),
        sa.Column("taken_back_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_alert_feedback"),
    )
