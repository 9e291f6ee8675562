"""What is restated of a closed month: the difference enters an open month, and the statement stays as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, Row, func, insert, select

from attributor.ledger.bulk import insert_arrow
from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease, hold
from attributor.ledger.rollup_difference import rollup_difference
from attributor.ledger.statements import ClosingChangedError, Statement, closed_in
from attributor.ledger.tables import corrections as stored
from attributor.ledger.tables import rollup
from attributor.ledger.team_days import sum_team_days
from attributor.ledger.versions import Versions, versions_as_json, versions_from_json
from attributor.periods import Month, month_of, parse_month


@dataclass(frozen=True)
class DayState:
    """From what a UTC day of a closed month was attributed, and by the rules of which digest.

    The versions are of the day, or of its whole month where rules lean on it. [usage_start, usage_end) is the usage
    that was needed, both None where there was none.
    """

    rules_digest: str
    inputs_digest: str
    charges_versions: Versions
    usage_versions: Versions
    usage_start: datetime | None
    usage_end: datetime | None
    allocations_version: int


@dataclass(frozen=True)
class Correction:
    """The `number`-th time that a day of a closed month was attributed again, and on which UTC day that was posted."""

    day: date
    number: int
    month: Month
    posted_on: date
    posted_at: datetime
    state: DayState


Corrections = Mapping[date, tuple[Correction, ...]]
"""By corrected day, the oldest first."""


def corrections(engine: Engine) -> Corrections:
    """Return every correction of the months that are closed now."""
    found: dict[date, list[Correction]] = {}
    with reading(engine) as connection:
        for row in connection.execute(select(stored).order_by(stored.c.day, stored.c.number)):
            found.setdefault(row.day, []).append(_correction(row))
    return {day: tuple(of_day) for day, of_day in found.items()}


def post_correction(engine: Engine, lease: Lease, day: date, result: tuple[DayState, pa.Table], now: datetime) -> date:
    """Post what a day came to now (`rollup` of `published_rows.ROLLUP`) less what the ledger holds of it.

    That is its frozen rows and its earlier corrections. All is written in one transaction, also where nothing moved.
    Returns the UTC day that it is posted on: that of `now`, or the first one after it whose month is open.
    Raises LeaseLostError where another leader took over, and ClosingChangedError where the month is not closed any
    more, or was closed by other rules; then nothing was written.
    """
    state, rows = result
    month = month_of(day)
    with writing(engine) as connection:
        hold(connection, lease)
        closed = closed_in(connection)
        if month not in closed or closed[month].rules_digest != state.rules_digest:
            raise ClosingChangedError(day)
        posted_on = _posting_day(now.date(), closed)
        moved = rollup_difference(connection, day, rows)
        constants = {"day": posted_on, "corrects": str(month), "corrected_day": day}
        insert_arrow(connection, rollup, moved, constants)
        sum_team_days(connection, (posted_on,))
        number = (connection.scalar(select(func.max(stored.c.number)).where(stored.c.day == day)) or 0) + 1
        correction = Correction(day, number, month, posted_on, now, state)
        connection.execute(insert(stored).values({**_row(correction), "epoch": lease.epoch}))
    return posted_on


def posting_days(connection: Connection, month: Month) -> tuple[date, ...]:
    """Return the days that corrections of a month were posted on, the oldest first."""
    query = select(stored.c.posted_on).where(stored.c.month == str(month)).distinct().order_by(stored.c.posted_on)
    return tuple(connection.scalars(query))


def days_with_corrections(connection: Connection, first: date, end: date) -> tuple[date, ...]:
    """Return the days of [first, end) that corrections were posted on, the oldest first."""
    within = (stored.c.posted_on >= first) & (stored.c.posted_on < end)
    return tuple(connection.scalars(select(stored.c.posted_on).where(within).distinct().order_by(stored.c.posted_on)))


def _posting_day(today: date, closed: Mapping[Month, Statement]) -> date:
    while month_of(today) in closed:
        today = month_of(today).end
    return today


def _row(correction: Correction) -> dict[str, Any]:
    state = correction.state
    return {
        "day": correction.day,
        "number": correction.number,
        "month": str(correction.month),
        "posted_on": correction.posted_on,
        "charges_versions": versions_as_json(state.charges_versions),
        "allocations_version": state.allocations_version,
        "usage_versions": versions_as_json(state.usage_versions),
        "usage_start": state.usage_start,
        "usage_end": state.usage_end,
        "rules_digest": state.rules_digest,
        "inputs_digest": state.inputs_digest,
        "posted_at": correction.posted_at,
    }


def _correction(row: Row[Any]) -> Correction:
    state = DayState(
        rules_digest=row.rules_digest,
        inputs_digest=row.inputs_digest,
        charges_versions=versions_from_json(row.charges_versions),
        usage_versions=versions_from_json(row.usage_versions),
        usage_start=row.usage_start,
        usage_end=row.usage_end,
        allocations_version=row.allocations_version,
    )
    return Correction(row.day, row.number, parse_month(row.month), row.posted_on, row.posted_at, state)
