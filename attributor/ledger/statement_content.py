"""What a month's statement holds: its rows as canonical lines, their digest, and what they come to."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from attributor.ledger.money_columns import joined, money_sums
from attributor.ledger.tables import publications, rollup
from attributor.money import plain
from attributor.periods import Month, days_between

COSTS = ("billed", "effective", "list")
_AMOUNTS = {f"{cost}_{part}" for cost in COSTS for part in ("millionths", "rest")}

Totals = Mapping[str, Mapping[str, Decimal]]
"""By currency: by cost column."""

Teams = Mapping[str, Mapping[str, Decimal]]
"""By currency: effective cost by team, corrections of earlier months included."""


@dataclass(frozen=True)
class StatementContent:
    """What a statement freezes: the digest of its lines, and the sums of its rows."""

    digest: str
    totals: Totals
    teams: Teams


def statement_content(connection: Connection, month: Month) -> StatementContent:
    """Read a UTC month as it stands in the rollup, corrections of earlier months that were posted in it included."""
    return StatementContent(statement_digest(connection, month), *_sums(connection, month))


def statement_digest(connection: Connection, month: Month) -> str:
    """Return the SHA-256 of the month's lines, one day after the other, each day's in binary order.

    A line is a JSON object: what a row has that is not empty, amounts as decimal strings; or a source of the day and
    the digest of the rules that it was attributed by.
    """
    digest = hashlib.sha256()
    for day in days_between(month.first, month.end):
        for line in sorted(_lines(connection, day)):
            digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def rows_digest(connection: Connection, month: Month, keep: ColumnElement[bool]) -> str:
    """Return the SHA-256 of the lines of those rows alone that are kept, in the same order and form."""
    days: dict[date, list[str]] = {}
    within = rollup.c.day.in_(tuple(days_between(month.first, month.end)))
    for row in connection.execute(select(rollup).where(within, keep)):
        days.setdefault(row.day, []).append(_line(row))
    digest = hashlib.sha256()
    for day in sorted(days):
        for line in sorted(days[day]):
            digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _lines(connection: Connection, day: date) -> Iterator[str]:
    for row in connection.execute(select(rollup).where(rollup.c.day == day)):
        yield _line(row)
    rules = select(publications.c.source, publications.c.rules_digest).where(publications.c.day == day)
    for row in connection.execute(rules):
        yield _written({"day": day, "source": row.source, "rules": row.rules_digest})


def _line(row: Row[Any]) -> str:
    """What is empty is left out: so a column that comes later changes no digest of before."""
    values = {name: value for name, value in row._mapping.items() if name != "id" and name not in _AMOUNTS}
    costs = {cost: plain(joined(row._mapping[f"{cost}_millionths"], row._mapping[f"{cost}_rest"])) for cost in COSTS}
    return _written({name: value for name, value in values.items() if value not in ("", None)} | costs)


def _written(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True, default=str)


def _sums(connection: Connection, month: Month) -> tuple[Totals, Teams]:
    of_month = (rollup.c.day >= month.first) & (rollup.c.day < month.end)
    query = select(rollup.c.currency, rollup.c.team, *money_sums(rollup, "effective")).where(of_month)
    teams: dict[str, dict[str, Decimal]] = {}
    for row in connection.execute(query.group_by(rollup.c.currency, rollup.c.team)):
        teams.setdefault(row.currency, {})[row.team] = joined(row[2], row[3])
    return totals_where(connection, of_month), teams


def totals_where(connection: Connection, condition: ColumnElement[bool]) -> Totals:
    """Return what the rollup rows that meet the condition sum to."""
    sums = [column for cost in COSTS for column in money_sums(rollup, cost)]
    query = select(rollup.c.currency, *sums).where(condition).group_by(rollup.c.currency)
    return {
        row.currency: {cost: joined(row[at], row[at + 1]) for cost, at in zip(COSTS, (1, 3, 5), strict=True)}
        for row in connection.execute(query)
    }
