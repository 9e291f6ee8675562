"""Costs by team and UTC day."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select

from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup
from attributor.reports.costs import Basis, cost_sums, on_days
from attributor.reports.view import Frame

Series = Mapping[date, Decimal]
"""Cost by UTC day."""


def daily_costs(
    connection: Connection, frame: Frame, since: date, basis: Basis, keep: ColumnElement[bool] | None = None
) -> dict[str, dict[date, Decimal]]:
    """Return the kept rows' cost by team and day, from `since` to the period's end; one query."""
    keys = (rollup.c.day, rollup.c.team)
    query = select(*keys, *cost_sums(basis)).where(on_days(since, frame.period.end), frame.rows(keep)).group_by(*keys)
    found: dict[str, dict[date, Decimal]] = {}
    for day, team, millionths, rest in connection.execute(query.order_by(*keys)):
        found.setdefault(team, {})[day] = joined(millionths, rest)
    return found
