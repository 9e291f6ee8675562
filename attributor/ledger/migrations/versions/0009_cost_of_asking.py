"""What asking the sources takes, and when their gaps were last asked for again.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asking",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("cost_millionths", sa.BigInteger(), nullable=False),
        sa.Column("cost_rest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "asked_at", name="pk_asking"),
    )
    op.add_column("sources", sa.Column("gaps_asked_at", sa.DateTime(timezone=True), nullable=True))
