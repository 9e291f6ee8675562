"""What was noted and is no alarm: spend that fell.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_notes",
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("first_noted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_noted", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_alert_notes"),
    )
    op.create_index("ix_alert_notes_last_noted", "alert_notes", ["last_noted"])
