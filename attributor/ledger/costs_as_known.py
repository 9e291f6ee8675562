"""What days came to before: kept where a published day's sums change, so that history can be seen as it was known."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, delete, func, select

from attributor.ledger.bulk import storable
from attributor.ledger.engine import writing
from attributor.ledger.money_columns import joined, money_sums, money_values
from attributor.ledger.tables import costs_as_known, publications, rollup
from attributor.ledger.upsert import upsert

KEYS = ("source", "currency", "team", "service", "category")
"""The columns of the rollup that changes are told apart by."""

_HOUR = timedelta(hours=1)
_Sums = Mapping[tuple[str, ...], Decimal]


def note_change(connection: Connection, day: date, rows: pa.Table, now: datetime) -> None:
    """Note what becomes known of a UTC day by `rows` (`published_rows.ROLLUP`), which are about to be published.

    Nothing is written for a day that is published for the first time, or comes to the same sums. The first change of a
    day brings what it came to until then as well.
    """
    before = connection.scalar(select(func.max(publications.c.published_at)).where(publications.c.day == day))
    if before is None:
        return
    old, new = published_sums(connection, day), _sums_of(rows)
    changed = {key: new.get(key, Decimal(0)) for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    if not changed:
        return
    is_known = connection.scalar(select(costs_as_known.c.day).where(costs_as_known.c.day == day).limit(1)) is not None
    first, then = _hour_of(before), _hour_of(now)
    if not is_known:
        kept = old if first < then else {key: cost for key, cost in old.items() if key not in changed}
        upsert(connection, costs_as_known, list(_rows(day, first, kept)))
    upsert(connection, costs_as_known, list(_rows(day, then, changed)))


def published_sums(connection: Connection, day: date) -> _Sums:
    """Return the effective cost of a day's own rows by KEYS; what is zero is left out."""
    columns = [rollup.c[name] for name in KEYS]
    own = (rollup.c.day == day) & (rollup.c.corrects == "")
    query = select(*columns, *money_sums(rollup, "effective")).where(own).group_by(*columns)
    found = {tuple(row[: len(KEYS)]): joined(*row[len(KEYS) :]) for row in connection.execute(query)}
    return {key: cost for key, cost in found.items() if cost}


def forget_costs_as_known(engine: Engine, before: date) -> None:
    """Delete what was noted of UTC days before that one."""
    with writing(engine) as connection:
        connection.execute(delete(costs_as_known).where(costs_as_known.c.day < before))


def _sums_of(rows: pa.Table) -> _Sums:
    texts = {name: storable(rows.column(name), rollup, name) for name in KEYS}
    sums = (
        pa.table({**texts, "effective": rows.column("effective")})
        .group_by(list(KEYS))
        .aggregate([("effective", "sum")])
    )
    costs = sums.column("effective_sum").to_pylist()
    keys = zip(*(sums.column(name).to_pylist() for name in KEYS), strict=True)
    return {key: cost for key, cost in zip(keys, costs, strict=True) if cost}


def _rows(day: date, known_at: datetime, costs: _Sums) -> Iterable[dict[str, Any]]:
    for key, cost in sorted(costs.items()):
        named = dict(zip(KEYS, key, strict=True))
        yield {"day": day, **named, "known_at": known_at, **money_values("effective", cost)}


def _hour_of(moment: datetime) -> datetime:
    """Return the end of the hour, so that what changed twice in one hour is one row, known at its end."""
    begun = moment.replace(minute=0, second=0, microsecond=0)
    return begun if begun == moment else begun + _HOUR
