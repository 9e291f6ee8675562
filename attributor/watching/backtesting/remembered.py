"""Days that came to something else before: their costs as they were known, hour by hour, in a scratch ledger."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, insert, select
from sqlalchemy import delete as delete_rows

from attributor.ledger.costs_as_known import KEYS, published_sums
from attributor.ledger.money_columns import joined, money_values
from attributor.ledger.tables import costs_as_known as noted
from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.periods import month_of, start_of
from rules.schema import ESTIMATES

AS_KNOWN = "as known"
"""The method of a row that is the difference between what is known today and what was known then."""
_CHUNK = 20_000
Sums = Mapping[tuple[str, ...], Decimal]


@dataclass(frozen=True)
class Remembered:
    """A UTC day whose sums changed: when it was first known, and every moment at which it changed, in their order.

    The first of `changes` is when it was first published here; where that was long after the day, as when a ledger is
    filled with history, it counts as known at `first`, when its sources tell of days as late as that.
    """

    day: date
    first: datetime
    changes: tuple[datetime, ...]

    def tell(self, old: Connection, new: Connection, since: datetime, now: datetime) -> bool:
        """Put the day into the scratch ledger as it was known `now`; return whether that is news since `since`."""
        moments = (self.first, *self.changes[1:])
        if not any(since < moment <= now for moment in moments):
            return False
        new.execute(delete_rows(rollup).where(rollup.c.day == self.day))
        copy(old, new, rollup, rollup.c.day == self.day)
        present, then = published_sums(old, self.day), _known_sums(old, self.day, max(now, self.changes[0]))
        for key in present.keys() - then.keys():
            new.execute(delete_rows(rollup).where(_own(self.day), *(rollup.c[name] == of for name, of in _named(key))))
        rows = list(_differences(self.day, present, then))
        if rows:
            new.execute(insert(rollup), rows)
        return True


def remembered_days(connection: Connection, lags: Mapping[str, timedelta]) -> dict[date, Remembered]:
    """Return the days of which it was noted what they came to before; `lags` are how late sources tell."""
    moments: dict[date, set[datetime]] = {}
    latest: dict[date, timedelta] = {}
    query = select(noted.c.day, noted.c.source, noted.c.known_at).distinct()
    for row in connection.execute(query):
        moments.setdefault(row.day, set()).add(row.known_at)
        lag = lags.get(row.source.removesuffix(ESTIMATES), timedelta(0))
        latest[row.day] = max(lag, latest.get(row.day, timedelta(0)))
    found = {}
    for day, at in moments.items():
        changes = tuple(sorted(at))
        by_lag = start_of(day) + timedelta(days=1) + latest[day]
        found[day] = Remembered(day, min(changes[0], by_lag), changes)
    return found


def covered_until(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Return the end of the newest day of which something was noted by `now`, by source: it had told of it by then."""
    query = select(noted.c.source, func.max(noted.c.day)).where(noted.c.known_at <= now).group_by(noted.c.source)
    return {row[0]: start_of(row[1] + timedelta(days=1)) for row in connection.execute(query)}


def copy(old: Connection, new: Connection, table: Table, condition: ColumnElement[bool]) -> None:
    """Copy the rows that meet a condition, some at a time; costs are numbered anew, for others are added to them."""
    columns = [column for column in table.columns if (table, column.name) != (rollup, "id")]
    rows = old.execute(select(*columns).where(condition)).mappings()
    while chunk := rows.fetchmany(_CHUNK):
        new.execute(insert(table), [dict(row) for row in chunk])


def _own(day: date) -> ColumnElement[bool]:
    return (rollup.c.day == day) & (rollup.c.corrects == "")


def _named(key: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return zip(KEYS, key, strict=True)


def _known_sums(connection: Connection, day: date, now: datetime) -> dict[tuple[str, ...], Decimal]:
    """Return what was noted last by `now`, by KEYS; what is zero is left out."""
    columns = [noted.c[name] for name in KEYS]
    kept = (noted.c.day == day) & (noted.c.known_at <= now)
    query = select(*columns, noted.c.effective_millionths, noted.c.effective_rest).where(kept)
    rows = connection.execute(query.order_by(noted.c.known_at))
    found = {tuple(row[: len(KEYS)]): joined(*row[len(KEYS) :]) for row in rows}
    return {key: cost for key, cost in found.items() if cost}


def _differences(day: date, present: Sums, then: Sums) -> Iterator[dict[str, Any]]:
    """Yield rows that make the day's own ones sum to what was known."""
    for key, cost in sorted(then.items()):
        moved = total((cost, -present.get(key, Decimal(0))))
        if moved:
            yield _row(day, dict(_named(key)), moved)


def _row(day: date, named: Mapping[str, str], moved: Decimal) -> dict[str, Any]:
    texts = [column.name for column in rollup.columns if not column.nullable and column.type.python_type is str]
    amounts = {
        **money_values("billed", Decimal(0)),
        **money_values("effective", moved),
        **money_values("list", Decimal(0)),
    }
    basis = "estimated" if named["source"].endswith(ESTIMATES) else "billed"
    said = {"day": day, "billing_month": str(month_of(day)), "basis": basis, "method": AS_KNOWN}
    return {**dict.fromkeys(texts, ""), **named, **said, **amounts}
