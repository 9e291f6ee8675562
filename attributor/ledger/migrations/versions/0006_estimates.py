"""What usage is estimated to cost until the bill is complete, and how far that was off.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "estimated_days",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("bill_digest", sa.String(64), nullable=False),
        sa.Column("usage_digest", sa.String(64), nullable=False),
        sa.Column("derived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name="pk_estimated_days"),
    )
    op.create_table(
        "estimates",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("provider", sa.String(300), nullable=False),
        sa.Column("service", sa.String(300), nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        *(
            sa.Column(f"{amount}_{part}", sa.BigInteger(), nullable=False)
            for amount in ("estimated", "billed")
            for part in ("millionths", "rest")
        ),
        sa.PrimaryKeyConstraint("source", "day", "provider", "service", "currency", name="pk_estimates"),
    )
    op.create_index("ix_estimates_day", "estimates", ["day"])
