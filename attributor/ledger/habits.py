"""How long sources are usually silent: the longest silence that ended on each day, and the habit that makes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import Connection, Engine, delete, select

from attributor.ledger.engine import reading
from attributor.ledger.tables import source_silences
from attributor.ledger.upsert import upsert

_KEPT = timedelta(days=90)
_NEWEST = 28
_LEAST = 4


def note_silence(
    connection: Connection, source: str, known: tuple[datetime | None, datetime | None], now: datetime
) -> None:
    """Note within a transaction how long a source had told of nothing new when it went on.

    `known` is until when it had told before and after. It counts on the UTC day of `now`, the longest of each day.
    """
    before, after = known
    if before is None or after is None or after <= before or now <= before:
        return
    row = {"source": source, "day": now.astimezone(UTC).date(), "seconds": int((now - before).total_seconds())}
    of_day = (source_silences.c.source == source) & (source_silences.c.day == row["day"])
    longest = connection.scalar(select(source_silences.c.seconds).where(of_day))
    if longest is None or longest < row["seconds"]:
        upsert(connection, source_silences, [row])
    old = (source_silences.c.source == source) & (source_silences.c.day < (now - _KEPT).date())
    connection.execute(delete(source_silences).where(old))


def silence_habits(engine: Engine) -> Mapping[str, timedelta]:
    """Return how long each source is usually silent: the median of its newest 28 days; absent below 4 of them.

    A night or a weekend without news is part of the habit; one outage is not.
    """
    found: dict[str, list[int]] = {}
    query = select(source_silences.c.source, source_silences.c.seconds).order_by(source_silences.c.day)
    with reading(engine) as connection:
        for row in connection.execute(query):
            found.setdefault(row.source, []).append(row.seconds)
    return {
        source: timedelta(seconds=median(seconds[-_NEWEST:]))
        for source, seconds in found.items()
        if len(seconds) >= _LEAST
    }
