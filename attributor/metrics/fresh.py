"""Something of the ledger that many ask for and few may read: kept for a while after it was read."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Fresh(Generic[T]):
    """What `read` returns at the clock's time (aware UTC), read anew once it is `lasts` old."""

    def __init__(self, read: Callable[[datetime], T], clock: Callable[[], datetime], lasts: timedelta) -> None:
        self._read = read
        self._clock = clock
        self._lasts = lasts
        self._lock = Lock()
        self._found: T | None = None
        self._read_at: datetime | None = None

    def get(self) -> T | None:
        """Return it; None, with a line in the log, while the ledger cannot be read."""
        now = self._clock()
        with self._lock:
            if self._read_at is None or abs(now - self._read_at) >= self._lasts:
                try:
                    self._found = self._read(now)
                except SQLAlchemyError as error:
                    logger.warning("metrics: the ledger cannot be read: %s", type(error).__name__)
                    self._found = None
                self._read_at = now
            return self._found
