"""Dimensions of the user's own naming in the rollup, and the money behind required tags.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rollup", sa.Column("dimensions", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "tag_compliance",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("account", sa.String(300), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("tag", sa.String(300), nullable=False),
        sa.Column("present_millionths", sa.BigInteger(), nullable=False),
        sa.Column("present_rest", sa.BigInteger(), nullable=False),
        sa.Column("missing_millionths", sa.BigInteger(), nullable=False),
        sa.Column("missing_rest", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_tag_compliance_day", "tag_compliance", ["day"])
