"""Estimated charges, and the rows that hold a bill back, put into the lake where they changed."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from attributor.ingest.changes import absent_days, changed_days
from attributor.ingest.ingest import Stores, store_staged
from attributor.ingest.progress import Silent
from attributor.ingest.staging import staged, staged_days
from attributor.ledger.collected import CollectedDay, StoredDay

_ROWS_A_BATCH = 65_536


def store_charges(
    stores: Stores, source: str, query: str, days: Collection[date], known: Mapping[date, CollectedDay], now: datetime
) -> tuple[StoredDay, ...]:
    """Store what the query gives as all that a source has on these days; return the days whose rows differ.

    `known` is what is stored of the source. A day of `days` that the query gives no row of becomes empty.
    """
    reader = stores.connection.sql(query).to_arrow_reader(_ROWS_A_BATCH)
    with staged(stores.connection, reader, "charges", Silent()) as rows:
        found = staged_days(stores.connection, rows)
        emptied = [day for day in absent_days(found, known) if day in days]
        return store_staged(stores, source, rows, changed_days(found, known, emptied), now)
