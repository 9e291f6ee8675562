"""What asking the sources took: requests, and what providers charge for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, delete, func, select, update

from attributor.ledger.engine import reading, writing
from attributor.ledger.money_columns import joined, money_sums, money_values
from attributor.ledger.tables import asking, sources
from attributor.ledger.upsert import upsert
from attributor.money import total
from attributor.periods import month_of, start_of
from collectors.base import Asking

_FINEST = Decimal("1E-12")


@dataclass(frozen=True)
class Asked:
    """Requests made, and what the provider charges for them by its list, in US dollars."""

    requests: int = 0
    cost: Decimal = Decimal(0)


def summed(askings: Iterable[Asking]) -> Asked:
    """Return what several readings asked together, each cost rounded to 1e-12: a price by the byte can be finer."""
    found = list(askings)
    return Asked(sum(one.requests for one in found), total(one.cost.quantize(_FINEST) for one in found))


def record_asking(engine: Engine, source: str, asked: Asked, now: datetime) -> None:
    """Note what one reading of a source asked, whether it succeeded or not; one that asked nothing leaves no row."""
    if not asked.requests:
        return
    row = {"source": source, "asked_at": now, "requests": asked.requests, **money_values("cost", asked.cost)}
    with writing(engine) as connection:
        upsert(connection, asking, [row])


def asked_this_month(engine: Engine, now: datetime) -> Mapping[str, Asked]:
    """Return what was asked in the UTC month of `now` so far, by source; sources that asked nothing are not there."""
    with reading(engine) as connection:
        return month_asked(connection, now)


def month_asked(connection: Connection, now: datetime) -> Mapping[str, Asked]:
    """Return the same, read through an open connection."""
    begins = start_of(month_of(now.date()).first)
    query = (
        select(asking.c.source, func.sum(asking.c.requests), *money_sums(asking, "cost"))
        .where(asking.c.asked_at >= begins)
        .group_by(asking.c.source)
        .order_by(asking.c.source)
    )
    return {row[0]: Asked(int(row[1]), joined(row[2], row[3])) for row in connection.execute(query)}


def forget_asking(engine: Engine, before: datetime) -> None:
    """Delete what was asked before then (aware UTC)."""
    with writing(engine) as connection:
        connection.execute(delete(asking).where(asking.c.asked_at < before))


def gaps_asked_at(engine: Engine, source: str) -> datetime | None:
    """Return when the gaps of a source were last asked for again, None where they never were."""
    with reading(engine) as connection:
        found: datetime | None = connection.scalar(select(sources.c.gaps_asked_at).where(sources.c.source == source))
        return found


def note_gaps_asked(engine: Engine, source: str, now: datetime) -> None:
    """Note that the gaps of a source are asked for again."""
    with writing(engine) as connection:
        connection.execute(update(sources).where(sources.c.source == source).values(gaps_asked_at=now))
