"""Who may publish: one leader at a time, renewed while it lives, given back at the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Engine

from attributor.ledger.lease import Lease, LeaseLostError, acquire, release, renew

LEASE_NAME = "leader"
TIME_TO_LIVE = timedelta(seconds=60)


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
