"""One leader at a time: a lease with an epoch, on which every publication is conditional."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update
from sqlalchemy.sql.elements import ColumnElement

from attributor.ledger.engine import writing
from attributor.ledger.holder import holder_is_dead
from attributor.ledger.tables import leases
from attributor.ledger.upsert import insert_new

_NOBODY = ""


@dataclass(frozen=True)
class Lease:
    """The right to publish until `expires_at` (aware UTC), and after it for as long as nobody took over."""

    name: str
    holder: str
    epoch: int
    expires_at: datetime


class LeaseLostError(Exception):
    """Another holder took over: whatever was begun under the lease must not be written."""


def acquire(engine: Engine, name: str, holder: str, now: datetime, ttl: timedelta) -> Lease | None:
    """Take the lease, in a new epoch, or return None while another holder's stands.

    It is free when nobody holds it, when it expired, when its holder is a dead process of this host, and for the
    holder itself, whose earlier epoch is lost by that.
    """
    with writing(engine) as connection:
        held = _lock(connection, name, now)
        if held.holder not in {_NOBODY, holder} and held.expires_at > now and not holder_is_dead(held.holder):
            return None
        lease = Lease(name, holder, held.epoch + 1, now + ttl)
        values = {"holder": holder, "epoch": lease.epoch, "expires_at": lease.expires_at}
        connection.execute(update(leases).where(leases.c.name == name).values(values))
    return lease


def renew(engine: Engine, lease: Lease, now: datetime, ttl: timedelta) -> Lease:
    """Put off the expiry in the same epoch; raise LeaseLostError where another took over."""
    renewed = replace(lease, expires_at=now + ttl)
    with writing(engine) as connection:
        hold(connection, lease)
        connection.execute(update(leases).where(_is(lease)).values(expires_at=renewed.expires_at))
    return renewed


def release(engine: Engine, lease: Lease) -> None:
    """Give it up at once; nothing happens where another took over."""
    with writing(engine) as connection:
        connection.execute(update(leases).where(_is(lease)).values(holder=_NOBODY))


def hold(connection: Connection, lease: Lease) -> None:
    """Lock the lease until this transaction ends, so that nobody takes over in the middle of it.

    Raises LeaseLostError where another epoch began. Call it first, within `attributor.ledger.engine.writing`.
    """
    held = connection.execute(select(leases.c.epoch).where(_is(lease)).with_for_update()).one_or_none()
    if held is None:
        raise LeaseLostError(f"another holder took over {lease.name!r} after epoch {lease.epoch}")


@contextmanager
def between_publications(engine: Engine, name: str, now: datetime) -> Iterator[Connection]:
    """Run a transaction that writes while nobody publishes under the lease of that name, whoever holds it.

    What is read meanwhile, through other connections too, cannot be published anew before it ends.
    """
    with writing(engine) as connection:
        _lock(connection, name, now)
        yield connection


def _lock(connection: Connection, name: str, now: datetime) -> Row[Any]:
    """Lock a lease until the transaction ends, in the state that it has; one that never was is nobody's."""
    insert_new(connection, leases, [{"name": name, "holder": _NOBODY, "epoch": 0, "expires_at": now}])
    return connection.execute(select(leases).where(leases.c.name == name).with_for_update()).one()


def _is(lease: Lease) -> ColumnElement[bool]:
    return (leases.c.name == lease.name) & (leases.c.epoch == lease.epoch) & (leases.c.holder == lease.holder)
