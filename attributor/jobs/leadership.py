"""Who may publish: one leader at a time, renewed while it lives, given back at the end."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from attributor.ledger.lease import Lease, LeaseLostError, acquire, release, renew

logger = logging.getLogger(__name__)
LEASE_NAME = "leader"
TIME_TO_LIVE = timedelta(seconds=60)
_RENEW_EVERY = timedelta(seconds=15)
_ASK_EVERY = timedelta(seconds=1)


@dataclass
class Leadership:
    """The lease of this process, if it holds it. Renewal and work are in different threads."""

    engine: Engine
    holder: str
    clock: Callable[[], datetime]
    _lease: Lease | None = None
    _lock: Lock = field(default_factory=Lock)

    def ensure(self) -> Lease | None:
        """Return the lease, taking it where it is free; None while another holds it."""
        with self._lock:
            if self._lease is None:
                self._lease = acquire(self.engine, LEASE_NAME, self.holder, self.clock(), TIME_TO_LIVE)
            return self._lease

    def wait(self, patience: timedelta) -> Lease | None:
        """Return the lease as soon as it is free, or None when the patience is at its end."""
        end = self.clock() + patience
        while (lease := self.ensure()) is None and self.clock() < end:
            Event().wait(_ASK_EVERY.total_seconds())
        return lease

    def renew(self) -> None:
        """Put off the expiry; where another took over, this process no longer leads."""
        with self._lock:
            if self._lease is None:
                return
            try:
                self._lease = renew(self.engine, self._lease, self.clock(), TIME_TO_LIVE)
            except LeaseLostError:
                self._lease = None

    def release(self) -> None:
        """Give the lease back, so that a standby need not wait for it to expire."""
        with self._lock:
            if self._lease is not None:
                release(self.engine, self._lease)
                self._lease = None


@contextmanager
def renewed(leadership: Leadership, every: timedelta = _RENEW_EVERY) -> Iterator[None]:
    """Renew the lease by a thread of its own, so that long work does not lose it; give it back at the end.

    A ledger that is away for a while must not end the renewing: what could not be renewed is tried again.
    """
    stop = Event()

    def keep() -> None:
        while not stop.wait(every.total_seconds()):
            _tolerant(leadership.renew, "renewed")

    thread = Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        _tolerant(leadership.release, "given back")


def _tolerant(change: Callable[[], None], done: str) -> None:
    try:
        change()
    except SQLAlchemyError as error:
        logger.warning("the lease could not be %s: %s", done, type(error).__name__)
