"""What each team had of the GPU hours of an hour.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("usage_hours") as table:
        table.add_column(sa.Column("team", sa.String(200), nullable=False, server_default=sa.text("''")))
    op.drop_index("ix_usage_hours_day", "usage_hours")
    op.create_index("ix_usage_hours_day", "usage_hours", ["day", "team"])
