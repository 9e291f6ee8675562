"""When a collected day was last in a reading, so that the files' totals are held against what they hold.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("collected", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
