"""What the rules say of each published day, so that a changed rule set derives only those of which it says otherwise.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Days that are published have the digest of their whole rules, as the digests of their inputs have."""
    op.add_column("publications", sa.Column("day_rules", sa.String(64), nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE publications SET day_rules = rules_digest")
