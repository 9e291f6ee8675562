"""What each team cost on each day in all.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_FIXED = "category IN ('Purchase', 'Tax', 'Credit', 'Adjustment') OR corrects <> ''"
_PARTS = {
    "": "1 = 1",
    "_fixed": _FIXED,
    "_corrections": "corrects <> ''",
    "_idle": "idle_cause <> '' OR team = 'idle'",
    "_estimated": "basis = 'estimated' AND corrects = ''",
}


def upgrade() -> None:
    sums = {
        f"{basis}{part}_{piece}": f"SUM(CASE WHEN {condition} THEN {basis}_{piece} ELSE 0 END)"
        for part, condition in _PARTS.items()
        for basis in ("billed", "effective", "list")
        for piece in ("millionths", "rest")
    }
    op.create_table(
        "team_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in sums),
        sa.PrimaryKeyConstraint("day", "currency", "team", name="pk_team_days"),
    )
    op.execute(
        f"INSERT INTO team_days (day, currency, team, {', '.join(sums)}) "  # noqa: S608 - no value of anybody's
        f"SELECT day, currency, team, {', '.join(sums.values())} FROM rollup GROUP BY day, currency, team"
    )
