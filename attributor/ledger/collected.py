"""What collecting stored: the lake version of every source's day, its control sums and what was restated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from attributor.ledger.coverage import extend_coverage
from attributor.ledger.engine import reading, writing
from attributor.ledger.files_read import replace_files
from attributor.ledger.lease import Lease, hold
from attributor.ledger.money_columns import joined, money_values
from attributor.ledger.sources import record_success
from attributor.ledger.tables import collected, control_sums, restatements
from attributor.ledger.upsert import upsert
from collectors.base import FileRead, TableName, Window

_ZERO = Decimal(0)


@dataclass(frozen=True)
class CollectedDay:
    """The lake version that holds a source's day, the digest of its rows and their number; 0 where it is empty now."""

    version: int
    digest: str
    rows: int


@dataclass(frozen=True)
class ControlSums:
    """What the charges of a day sum to in one currency, exactly."""

    currency: str
    billed: Decimal
    effective: Decimal
    list: Decimal


@dataclass(frozen=True)
class StoredDay:
    """A day that this collection put into the lake; `sums` is empty for usage and for a day without rows."""

    day: date
    stored: CollectedDay
    sums: tuple[ControlSums, ...] = ()


@dataclass(frozen=True)
class Collection:
    """What one successful reading of a source changed: the days it replaced (a day that vanished has no rows).

    `read` are all the days that the reading had rows of, those that did not change included.
    """

    source: str
    table: TableName
    revision: str | None
    days: tuple[StoredDay, ...]
    coverage: tuple[Window, ...]
    files: tuple[FileRead, ...]
    read: tuple[date, ...] = ()


def collected_days(engine: Engine, table: TableName) -> Mapping[tuple[str, date], CollectedDay]:
    """Return every collected day of a table, by source and day."""
    query = select(collected).where(collected.c.table_name == table).order_by(collected.c.source, collected.c.day)
    with reading(engine) as connection:
        return {
            (row.source, row.day): CollectedDay(row.version, row.digest, row.rows) for row in connection.execute(query)
        }


def record_collection(engine: Engine, lease: Lease, collection: Collection, now: datetime) -> None:
    """Write all that a reading changed, in one transaction; raises LeaseLostError with nothing written."""
    source = collection.source
    with writing(engine) as connection:
        hold(connection, lease)
        record_success(connection, source, collection.table, collection.revision, now)
        extend_coverage(connection, source, collection.coverage, now)
        replace_files(connection, source, collection.files, now)
        if collection.table == "charges":
            _note_restatements(connection, collection, now)
        store_days(connection, (collection.table, source), collection.days, now)
        _note_read(connection, collection, now)


def store_days(connection: Connection, of: tuple[TableName, str], days: Sequence[StoredDay], now: datetime) -> None:
    """Name, within a transaction, the versions and sums of days that were put into a table of a source."""
    table, source = of
    if table == "charges":
        _replace_sums(connection, source, days)
    upsert(connection, collected, [_collected_row(of, day, now) for day in days])


def _collected_row(of: tuple[TableName, str], day: StoredDay, now: datetime) -> dict[str, object]:
    table, source = of
    return {
        "table_name": table,
        "source": source,
        "day": day.day,
        "version": day.stored.version,
        "digest": day.stored.digest,
        "rows": day.stored.rows,
        "collected_at": now,
    }


def _note_read(connection: Connection, collection: Collection, now: datetime) -> None:
    of_day = (collected.c.source == collection.source) & (collected.c.table_name == collection.table)
    of_day &= collected.c.day == bindparam("read")
    if collection.read:
        connection.execute(
            update(collected).where(of_day).values(read_at=now), [{"read": day} for day in collection.read]
        )


def _note_restatements(connection: Connection, collection: Collection, now: datetime) -> None:
    known = _known_days(connection, collection.source)
    before = _effective_sums(connection, collection.source)
    rows = []
    for day in collection.days:
        if day.day not in known:
            continue
        was = before.get(day.day, {})
        is_now = {sums.currency: sums.effective for sums in day.sums}
        rows += [
            {
                "source": collection.source,
                "day": day.day,
                "noticed_at": now,
                "currency": currency,
                **money_values("before", was.get(currency, _ZERO)),
                **money_values("after", is_now.get(currency, _ZERO)),
            }
            for currency in sorted(was.keys() | is_now.keys())
            if was.get(currency, _ZERO) != is_now.get(currency, _ZERO)
        ]
    upsert(connection, restatements, rows)


def _known_days(connection: Connection, source: str) -> set[date]:
    of_source = (collected.c.source == source) & (collected.c.table_name == "charges")
    return set(connection.scalars(select(collected.c.day).where(of_source)))


def _effective_sums(connection: Connection, source: str) -> dict[date, dict[str, Decimal]]:
    sums: dict[date, dict[str, Decimal]] = {}
    for row in connection.execute(select(control_sums).where(control_sums.c.source == source)):
        sums.setdefault(row.day, {})[row.currency] = joined(row.effective_millionths, row.effective_rest)
    return sums


def _replace_sums(connection: Connection, source: str, days: Sequence[StoredDay]) -> None:
    if not days:
        return
    of_day = (control_sums.c.source == source) & (control_sums.c.day == bindparam("replaced"))
    connection.execute(delete(control_sums).where(of_day), [{"replaced": day.day} for day in days])
    rows = [
        {
            "source": source,
            "day": day.day,
            "currency": sums.currency,
            **money_values("billed", sums.billed),
            **money_values("effective", sums.effective),
            **money_values("list", sums.list),
        }
        for day in days
        for sums in day.sums
    ]
    if rows:
        connection.execute(insert(control_sums), rows)
