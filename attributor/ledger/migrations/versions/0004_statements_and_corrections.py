"""Closed months: their statements, and corrections of them in later months.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("rollup", sa.Column("corrects", sa.String(7), nullable=False, server_default=sa.text("''")))
    op.add_column("rollup", sa.Column("corrected_day", sa.Date(), nullable=True))
    op.create_table(
        "statements",
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("revision", sa.Integer(), primary_key=True),
        sa.Column("closed_at", _INSTANT, nullable=False),
        sa.Column("closed_by", sa.String(200), nullable=False),
        sa.Column("rules_digest", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.Column("teams", sa.Text(), nullable=False),
        sa.Column("undone_at", _INSTANT, nullable=True),
        sa.Column("undone_by", sa.String(200), nullable=True),
        sa.Column("taken_back", sa.Text(), nullable=True),
    )
    op.create_table(
        "corrections",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("charges_versions", sa.Text(), nullable=False),
        sa.Column("allocations_version", sa.BigInteger(), nullable=False),
        sa.Column("usage_versions", sa.Text(), nullable=False),
        sa.Column("usage_start", _INSTANT, nullable=True),
        sa.Column("usage_end", _INSTANT, nullable=True),
        sa.Column("rules_digest", sa.String(64), nullable=False),
        sa.Column("inputs_digest", sa.String(64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", _INSTANT, nullable=False),
    )
