"""What of the statements was sent where: each once, tried again until it is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, select, update

from attributor.ledger.engine import reading, writing
from attributor.ledger.statement_tables import statement_deliveries as stored
from attributor.ledger.upsert import insert_new
from attributor.periods import Month, parse_month

DRAFT = 0
"""The revision of a statement of a month that is not closed."""

_NOT_FAILING = MappingProxyType({"failing_since": None, "error_is_permanent": None})


@dataclass(frozen=True)
class Parcel:
    """One statement for one destination; `revision` is that of the month's closing, or DRAFT."""

    destination: str
    month: Month
    revision: int
    owner_kind: str
    owner: str


@dataclass(frozen=True)
class ParcelFailure:
    """Why a parcel was not taken, whether trying again unchanged can help, and when that was (aware UTC)."""

    error: str
    is_permanent: bool
    at: datetime


@dataclass(frozen=True)
class TrackedParcel:
    """A parcel, how often it was tried, and what went wrong last.

    `failing_since` is the first failure of what is not sent yet; times are aware UTC.
    """

    parcel: Parcel
    state: str
    attempts: int
    due_at: datetime
    error: str | None
    sent_at: datetime | None
    failing_since: datetime | None = None
    is_permanent: bool = False


def is_planned(engine: Engine, destination: str, month: Month, revision: int) -> bool:
    """Say whether the parcels of a month are known for a destination; they are written together."""
    same = (stored.c.destination == destination) & (stored.c.month == str(month)) & (stored.c.revision == revision)
    with reading(engine) as connection:
        return connection.scalar(select(stored.c.owner).where(same).limit(1)) is not None


def plan_parcels(engine: Engine, parcels: Sequence[Parcel], now: datetime) -> None:
    """Note what is to be sent; what is known already stays as it is."""
    with writing(engine) as connection:
        insert_new(connection, stored, [_row(parcel, now) for parcel in parcels])


def due_parcels(engine: Engine, now: datetime) -> tuple[TrackedParcel, ...]:
    """Return what waits to be sent and whose time has come, the oldest month first."""
    query = select(stored).where(stored.c.state == "pending", stored.c.due_at <= now)
    with reading(engine) as connection:
        return tuple(_tracked(row) for row in connection.execute(query.order_by(*stored.primary_key.columns)))


def claim_parcel(engine: Engine, parcel: Parcel, now: datetime, until: datetime) -> bool:
    """Take a parcel that is due until then; False where another sender was faster."""
    free = and_(_is(parcel), stored.c.state == "pending", stored.c.due_at <= now)
    with writing(engine) as connection:
        return connection.execute(update(stored).where(free).values(due_at=until)).rowcount == 1


def mark_sent(engine: Engine, parcel: Parcel, at: datetime, error: str | None = None) -> None:
    """Record that it was taken; `error` is what was refused of it all the same."""
    tried = stored.c.attempts + 1
    _change(engine, parcel, state="sent", sent_at=at, error=error, attempts=tried, **_NOT_FAILING)


def mark_superseded(engine: Engine, parcel: Parcel) -> None:
    """Record that it is not sent any more: the month was opened, or closed, meanwhile."""
    _change(engine, parcel, state="superseded", error=None, **_NOT_FAILING)


def retry_parcel(engine: Engine, parcel: Parcel, at: datetime, failure: ParcelFailure) -> None:
    """Put it back for then, with one more attempt and what went wrong."""
    _change(
        engine,
        parcel,
        due_at=at,
        error=failure.error,
        attempts=stored.c.attempts + 1,
        failing_since=func.coalesce(stored.c.failing_since, failure.at),
        error_is_permanent=failure.is_permanent,
    )


def troubled_parcels(connection: Connection) -> tuple[TrackedParcel, ...]:
    """Return what could not be sent yet, and what was sent in part, read through an open connection."""
    query = select(stored).where(stored.c.error.is_not(None)).order_by(*stored.primary_key.columns)
    return tuple(_tracked(row) for row in connection.execute(query))


def _change(engine: Engine, parcel: Parcel, **values: Any) -> None:
    with writing(engine) as connection:
        connection.execute(update(stored).where(_is(parcel)).values(values))


def _is(parcel: Parcel) -> ColumnElement[bool]:
    return and_(
        stored.c.destination == parcel.destination,
        stored.c.month == str(parcel.month),
        stored.c.revision == parcel.revision,
        stored.c.owner_kind == parcel.owner_kind,
        stored.c.owner == parcel.owner,
    )


def _row(parcel: Parcel, now: datetime) -> dict[str, Any]:
    return {
        "destination": parcel.destination,
        "month": str(parcel.month),
        "revision": parcel.revision,
        "owner_kind": parcel.owner_kind,
        "owner": parcel.owner,
        "state": "pending",
        "attempts": 0,
        "due_at": now,
    }


def _tracked(row: Row[Any]) -> TrackedParcel:
    parcel = Parcel(row.destination, parse_month(row.month), row.revision, row.owner_kind, row.owner)
    return TrackedParcel(
        *(parcel, row.state, row.attempts, row.due_at, row.error, row.sent_at),
        failing_since=row.failing_since,
        is_permanent=bool(row.error_is_permanent),
    )
