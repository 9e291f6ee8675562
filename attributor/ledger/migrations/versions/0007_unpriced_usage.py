"""Usage that should have a price and has none, so that its cost is unknown.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unpriced_usage",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("usage_source", sa.String(100), nullable=False),
        sa.Column("provider", sa.String(300), nullable=False),
        sa.Column("model", sa.String(300), nullable=False),
        sa.Column("metric", sa.String(200), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("quantity_millionths", sa.BigInteger(), nullable=False),
        sa.Column("quantity_rest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "source", "day", "usage_source", "provider", "model", "metric", "team", name="pk_unpriced_usage"
        ),
    )
    op.create_index("ix_unpriced_usage_day", "unpriced_usage", ["day"])
