"""Costs by team and UTC day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from attributor.ledger.money_columns import joined_units
from attributor.ledger.tables import rollup, team_days
from attributor.ledger.team_days import CONDITIONS
from attributor.reports.costs import Basis, cost_sums, on_days, parse_basis
from attributor.reports.narrowing import are_of_teams, kept_team_days
from attributor.reports.view import Frame

Series = Mapping[date, int]
"""Cost by UTC day, in units of 1e-12 of the currency: what is added up many times is no Decimal before it is shown."""


def daily_costs(connection: Connection, frame: Frame, since: date, basis: Basis) -> dict[str, dict[date, int]]:
    """Return the frame's cost by team and day, in units of 1e-12, from `since` to the period's end; one query."""
    found: dict[str, dict[date, int]] = {}
    for day, team, costs in daily_parts(connection, frame, since, (basis,)):
        found.setdefault(team, {})[day] = costs[0]
    return found


def daily_parts(
    connection: Connection,
    frame: Frame,
    since: date,
    columns: Sequence[str],
    keep: ColumnElement[bool] | None = None,
) -> Iterator[tuple[date, str, tuple[int, ...]]]:
    """Yield (day, team, costs in units of 1e-12) from `since` to the period's end, by day and team; one query.

    `columns` are costs of `ledger.team_day_table`, as in "effective_fixed". `keep` says which rows of the rollup are
    kept; without it, and without filters but of teams, the sums of each team and day are read instead of the rollup.
    """
    if keep is None and are_of_teams(frame.view.filters):
        query = _of_team_days(frame, since, columns)
    else:
        keys = (rollup.c.day, rollup.c.team)
        sums = [each for column in columns for each in _sums(column)]
        kept = on_days(since, frame.period.end) & frame.rows(keep)
        query = select(*keys, *sums).where(kept).group_by(*keys).order_by(*keys)
    ends = range(2, 2 + 2 * len(columns), 2)
    for row in connection.execute(query):
        yield row[0], row[1], tuple([joined_units(row[at], row[at + 1]) for at in ends])


def _sums(column: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    basis, _, part = column.partition("_")
    return cost_sums(parse_basis(basis), CONDITIONS[f"_{part}" if part else ""])


def _of_team_days(frame: Frame, since: date, columns: Sequence[str]) -> Select[Any]:
    table = team_days.c
    amounts_read = [table[f"{column}_{piece}"] for column in columns for piece in ("millionths", "rest")]
    days = (table.day >= since) & (table.day < frame.period.end)
    kept = days & (table.currency == frame.currency) & kept_team_days(frame.view.filters)
    return select(table.day, table.team, *amounts_read).where(kept).order_by(table.day, table.team)
