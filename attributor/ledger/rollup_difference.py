"""What a day's new sums have more, or less, than those that the ledger holds of it."""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from attributor.ledger.bulk import MONEY, storable
from attributor.ledger.money_columns import joined
from attributor.ledger.published_rows import ROLLUP
from attributor.ledger.tables import corrections, rollup

_KEYS = [field.name for field in ROLLUP if field.type != MONEY]
_COSTS = [field.name for field in ROLLUP if field.type == MONEY]


def rollup_difference(connection: Connection, day: date, rows: pa.Table) -> pa.Table:
    """Return, with the columns of `rows` (`published_rows.ROLLUP`), the keys whose costs differ and by how much.

    Held against the new rows are the day's own ones and every correction of the day. What is in neither of both is 0,
    so that adding the difference to what the ledger holds gives exactly the new rows.
    """
    checked = rows.select(ROLLUP.names).cast(ROLLUP)
    after = pa.table({name: _stored(checked, name) for name in ROLLUP.names}, schema=ROLLUP)
    both = pa.concat_tables([after, _negated(_known(connection, day))])
    sums = both.group_by(_KEYS).aggregate([(cost, "sum") for cost in _COSTS])
    sums = sums.rename_columns([*_KEYS, *_COSTS]).select(ROLLUP.names)
    zero = pa.scalar(0, MONEY)
    moved = [pc.not_equal(sums.column(cost), zero) for cost in _COSTS]
    return sums.filter(pc.or_(pc.or_(moved[0], moved[1]), moved[2])).cast(ROLLUP)


def _stored(rows: pa.Table, name: str) -> pa.ChunkedArray:
    return rows.column(name) if name in _COSTS else storable(rows.column(name), rollup, name)


def _known(connection: Connection, day: date) -> pa.Table:
    """Return what the ledger holds of a day: its own rows, and the corrections of it, whenever they were posted."""
    own = (rollup.c.day == day) & (rollup.c.corrects == "")
    columns = [rollup.c[name] for name in _KEYS]
    amounts = [rollup.c[f"{cost}_{part}"] for cost in _COSTS for part in ("millionths", "rest")]
    posted_on = select(corrections.c.posted_on).where(corrections.c.day == day)
    posted = rollup.c.day.in_(posted_on) & (rollup.c.corrected_day == day)
    rows = connection.execute(select(*columns, *amounts).where(own | posted)).all()
    first = len(columns)
    texts = {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(_KEYS)}
    costs = {
        cost: pa.array([joined(row[first + 2 * at], row[first + 2 * at + 1]) for row in rows], MONEY)
        for at, cost in enumerate(_COSTS)
    }
    return pa.table({**texts, **costs}).select(ROLLUP.names).cast(ROLLUP)


def _negated(rows: pa.Table) -> pa.Table:
    columns = {name: pc.negate(rows.column(name)) if name in _COSTS else rows.column(name) for name in ROLLUP.names}
    return pa.table(columns, schema=ROLLUP)
