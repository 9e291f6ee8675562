"""The edition of each day, so that a copy of the ledger is brought no more than what changed.

Revision ID: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "day_editions",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("edition", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_day_editions"),
    )
