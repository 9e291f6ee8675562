"""What was estimated: how each day of a replaced bill is counted, and the estimate beside what was billed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import Connection, Engine, Table, bindparam, delete, insert, select

from attributor.ledger import tables
from attributor.ledger.collected import StoredDay, store_days
from attributor.ledger.engine import reading, writing
from attributor.ledger.lease import Lease, hold
from attributor.ledger.money_columns import joined, money_values
from attributor.ledger.unpriced import UnpricedUsage, replace_unpriced
from attributor.ledger.upsert import upsert

State = Literal["estimated", "billed", "none", "beside"]
"""estimated: the estimate counts and the bill is held back. billed: the bill counts. none: nothing priced was used, so
that the bill counts. beside: the estimate stands for no bill and is in no total."""

BESIDE = ""
"""The source of estimates that stand for no bill."""

Key = tuple[str, date]
"""A billed source that prices stand for, or BESIDE, and a UTC day."""


@dataclass(frozen=True)
class EstimatedDay:
    """How a source's day is counted, and the digests of the bill and of the usage and prices it was derived from."""

    source: str
    day: date
    state: State
    bill_digest: str
    usage_digest: str


@dataclass(frozen=True)
class EstimateLine:
    """One provider's service on one day: what its usage was estimated to cost, and what was billed for it."""

    source: str
    day: date
    provider: str
    service: str
    currency: str
    estimated: Decimal
    billed: Decimal


@dataclass(frozen=True)
class Estimation:
    """What one piece of estimating changes.

    `days` take the place of what was known of them, with exactly these `lines`; `removed` are forgotten. `stored` are
    the days of charges that were put into the lake, by their source. `unpriced` is the usage of unknown cost of the
    days `counted`, in the place of what was known of it.
    """

    days: tuple[EstimatedDay, ...]
    lines: tuple[EstimateLine, ...]
    removed: tuple[Key, ...]
    stored: Mapping[str, tuple[StoredDay, ...]]
    unpriced: tuple[UnpricedUsage, ...] = ()
    counted: tuple[Key, ...] = ()


def estimated_days(engine: Engine) -> Mapping[Key, EstimatedDay]:
    """Return every day that was estimated or looked at, by source and day."""
    query = select(tables.estimated_days).order_by(tables.estimated_days.c.day, tables.estimated_days.c.source)
    with reading(engine) as connection:
        return {
            (row.source, row.day): EstimatedDay(row.source, row.day, row.state, row.bill_digest, row.usage_digest)
            for row in connection.execute(query)
        }


def estimate_lines(engine: Engine, days: Iterable[date]) -> tuple[EstimateLine, ...]:
    """Return the lines of UTC days, in the order of their keys."""
    table = tables.estimates
    query = select(table).where(table.c.day.in_(sorted(set(days)))).order_by(*table.primary_key)
    with reading(engine) as connection:
        return tuple(
            EstimateLine(
                source=row.source,
                day=row.day,
                provider=row.provider,
                service=row.service,
                currency=row.currency,
                estimated=joined(row.estimated_millionths, row.estimated_rest),
                billed=joined(row.billed_millionths, row.billed_rest),
            )
            for row in connection.execute(query)
        )


def record_estimates(engine: Engine, lease: Lease, estimation: Estimation, now: datetime) -> None:
    """Write all that one piece of estimating changes, in one transaction; raises LeaseLostError, nothing written."""
    with writing(engine) as connection:
        hold(connection, lease)
        touched = [(day.source, day.day) for day in estimation.days]
        _forget(connection, tables.estimates, [*touched, *estimation.removed])
        _forget(connection, tables.estimated_days, estimation.removed)
        upsert(connection, tables.estimated_days, [_day_row(day, now) for day in estimation.days])
        rows = [_line_row(line) for line in estimation.lines]
        if rows:
            connection.execute(insert(tables.estimates), rows)
        replace_unpriced(connection, [*estimation.counted, *estimation.removed], estimation.unpriced)
        for source, days in estimation.stored.items():
            store_days(connection, ("charges", source), days, now)


def _forget(connection: Connection, table: Table, keys: Iterable[Key]) -> None:
    rows = [{"of_source": source, "of_day": day} for source, day in keys]
    if rows:
        named = (table.c.source == bindparam("of_source")) & (table.c.day == bindparam("of_day"))
        connection.execute(delete(table).where(named), rows)


def _day_row(day: EstimatedDay, now: datetime) -> dict[str, object]:
    return {
        "source": day.source,
        "day": day.day,
        "state": day.state,
        "bill_digest": day.bill_digest,
        "usage_digest": day.usage_digest,
        "derived_at": now,
    }


def _line_row(line: EstimateLine) -> dict[str, object]:
    return {
        "source": line.source,
        "day": line.day,
        "provider": line.provider,
        "service": line.service,
        "currency": line.currency,
        **money_values("estimated", line.estimated),
        **money_values("billed", line.billed),
    }
