"""What each team cost on each day in all: the rollup's sums, made anew in each transaction that changes the rollup."""

from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, select

from attributor.ledger.day_editions import renew_days
from attributor.ledger.rollup_parts import IS_ESTIMATE, IS_IDLE, IS_OWN, IS_USAGE
from attributor.ledger.tables import rollup
from attributor.ledger.team_day_table import BASES, team_days

CONDITIONS: Mapping[str, ColumnElement[bool] | None] = MappingProxyType(
    {"": None, "_fixed": ~IS_USAGE, "_corrections": ~IS_OWN, "_idle": IS_IDLE, "_estimated": IS_ESTIMATE}
)
"""Which rows are summed, by the ending of the columns' names."""


def sum_team_days(connection: Connection, days: Collection[date]) -> None:
    """Sum UTC days of the rollup anew, within the transaction that changed them; two statements, however many rows.

    The days have another edition from then on.
    """
    keys = (rollup.c.day, rollup.c.currency, rollup.c.team)
    sums = {
        f"{basis}{part}_{piece}": _sum(rollup.c[f"{basis}_{piece}"], condition)
        for part, condition in CONDITIONS.items()
        for basis in BASES
        for piece in ("millionths", "rest")
    }
    connection.execute(delete(team_days).where(team_days.c.day.in_(days)))
    query = select(*keys, *sums.values()).where(rollup.c.day.in_(days)).group_by(*keys)
    connection.execute(insert(team_days).from_select([*(key.name for key in keys), *sums], query))
    renew_days(connection, days)


def _sum(column: ColumnElement[int], condition: ColumnElement[bool] | None) -> ColumnElement[int]:
    return func.sum(column if condition is None else case((condition, column), else_=0))
