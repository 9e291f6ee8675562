"""Since when a statement cannot be sent, and whether trying again can help.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("statement_deliveries", sa.Column("failing_since", sa.DateTime(timezone=True)))
    op.add_column("statement_deliveries", sa.Column("error_is_permanent", sa.Boolean()))
