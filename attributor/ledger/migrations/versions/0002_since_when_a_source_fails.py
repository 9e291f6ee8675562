"""Since when a source is watched, and since when it fails.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sources", sa.Column("first_tried_at", _INSTANT, nullable=True))
    op.add_column("sources", sa.Column("failing_since", _INSTANT, nullable=True))
