"""What days came to before they were told otherwise.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "costs_as_known",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("service", sa.String(300), nullable=False),
        sa.Column("category", sa.String(50), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_millionths", sa.BigInteger(), nullable=False),
        sa.Column("effective_rest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "source", "currency", "team", "service", "category", "known_at", name="pk_costs_as_known"
        ),
    )
