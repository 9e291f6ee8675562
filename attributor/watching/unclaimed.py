"""Spend that nobody claims, as its detector wants it: by day, and the accounts and services behind it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Engine, select

from alerts.alert import Contributor
from alerts.detect.unattributed import UnattributedDay
from attributor.ledger.tables import rollup
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.watching.completeness import last_complete_day
from rules.schema import UNATTRIBUTED

_HISTORY = timedelta(days=35)
_RECENT = timedelta(days=3)
_TOP = 8


def unattributed_days(engine: Engine, now: datetime) -> Mapping[str, tuple[UnattributedDay, ...]]:
    """Return, by currency, each day's cost and what of it no rule claimed."""
    unclaimed = rollup.c.team == UNATTRIBUTED
    keys = (rollup.c.currency, rollup.c.day)
    query = select(*keys, *cost_sums("effective", unclaimed), *cost_sums("effective"))
    found: dict[str, list[UnattributedDay]] = {}
    with engine.connect() as connection:
        complete = last_complete_day(connection)
        for row in connection.execute(
            query.where(rollup.c.day >= (now - _HISTORY).date(), IS_OWN).group_by(*keys).order_by(*keys)
        ):
            without_owner, whole = amounts(row, 2, 2)
            day = UnattributedDay(row.day, without_owner, whole, complete is not None and row.day <= complete)
            found.setdefault(row.currency, []).append(day)
    return {currency: tuple(days) for currency, days in found.items()}


def unattributed_contributors(engine: Engine, currency: str, now: datetime) -> tuple[Contributor, ...]:
    """Return the accounts and services behind the unclaimed spend of the last complete days, the largest first."""
    with engine.connect() as connection:
        complete = last_complete_day(connection) or now.date()
        return _contributors(connection, currency, complete - _RECENT, complete)


def _contributors(connection: Connection, currency: str, after: date, last: date) -> tuple[Contributor, ...]:
    keys = (rollup.c.account, rollup.c.service)
    recent = (rollup.c.day > after) & (rollup.c.day <= last) & IS_OWN
    condition = recent & (rollup.c.team == UNATTRIBUTED) & (rollup.c.currency == currency)
    rows = connection.execute(select(*keys, *cost_sums("effective")).where(condition).group_by(*keys)).all()
    found = [Contributor(f"{row[0] or 'no account'} · {row[1] or 'no service'}", amounts(row, 2)[0]) for row in rows]
    return tuple(sorted(found, key=lambda each: -(each.amount or Decimal(0)))[:_TOP])
