"""Which event ids were seen: 16-byte digests in flat hash tables, whole batches looked up at once.

Tables are of one day of arrival each (more where a day is busy), so that forgetting is dropping a table. An id takes
27 to 53 bytes of memory; a Python set would take over 100.
"""

from datetime import timedelta
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

DIGEST_BYTES = 16
_DAY = 86_400
_FIRST_SLOTS = 2**12
_MOST_SLOTS = 2**21
_LOAD = 0.6

Keys: TypeAlias = npt.NDArray[np.uint64]
"""Digests as an array of shape (n, 2)."""
Column: TypeAlias = npt.NDArray[np.uint64]


def digest(event_id: str) -> bytes:
    """Return an id's digest."""
    return blake2b(event_id.encode(), digest_size=DIGEST_BYTES).digest()


def as_keys(digests: bytes) -> Keys:
    """Return joined digests as keys. The second half's lowest bit is always 1: an empty slot holds 0 there."""
    keys = np.frombuffer(digests, dtype="<u8").reshape(-1, 2).copy()
    keys[:, 1] |= np.uint64(1)
    return keys


class DigestTable:
    """A hash table with double hashing over two flat columns; it only grows."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.count = 0
        self._first = np.zeros(_FIRST_SLOTS, dtype=np.uint64)
        self._second = np.zeros(_FIRST_SLOTS, dtype=np.uint64)

    @property
    def is_full(self) -> bool:
        """Whether further keys belong in another table, because growing would halt the log for long."""
        return self.count >= _MOST_SLOTS * _LOAD

    def contains(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Say of each key whether it is in the table."""
        found = np.zeros(len(keys), dtype=bool)
        seeking = np.arange(len(keys))
        first, second = keys[:, 0], keys[:, 1]
        places = self._places(first)
        while seeking.size:
            held = self._second[places]
            alike = np.flatnonzero(held == second)
            same = alike[self._first[places[alike]] == first[alike]]
            found[seeking[same]] = True
            held[same] = 0
            on = np.flatnonzero(held)
            seeking, first, second = seeking[on], first[on], second[on]
            places = self._next(places[on], second)
        return found

    def add(self, keys: Keys) -> None:
        """Add keys that are distinct and not in the table."""
        while self.count + len(keys) > len(self._first) * _LOAD:
            self._grow()
        self._place(keys[:, 0], keys[:, 1])
        self.count += len(keys)

    def _place(self, first: Column, second: Column) -> None:
        places = self._places(first)
        while places.size:
            empty = np.flatnonzero(self._second[places] == 0)
            # Of several keys for one empty slot the last written stays; the others go on to the next slot.
            self._first[places[empty]] = first[empty]
            self._second[places[empty]] = second[empty]
            on = np.flatnonzero((self._second[places] != second) | (self._first[places] != first))
            first, second = first[on], second[on]
            places = self._next(places[on], second)

    def _grow(self) -> None:
        held = np.flatnonzero(self._second)
        first, second = self._first[held], self._second[held]
        self._first = np.zeros(len(self._first) * 2, dtype=np.uint64)
        self._second = np.zeros(len(self._first), dtype=np.uint64)
        self._place(first, second)

    def _places(self, first: Column) -> npt.NDArray[np.int64]:
        return (first & np.uint64(len(self._first) - 1)).astype(np.int64)

    def _next(self, places: npt.NDArray[np.int64], second: Column) -> npt.NDArray[np.int64]:
        # Each key goes on by a step of its own, which is odd and so comes by every slot: no long runs of full slots.
        following: npt.NDArray[np.int64] = (places + second.view(np.int64)) & (len(self._first) - 1)
        return following


class DigestWindow:
    """The ids of at least the last `span` of arrivals, and of at most a day more.

    Beyond `most` ids the oldest are forgotten early; `shortened` says that this happened. Arrival times are seconds
    since 1970 UTC.
    """

    def __init__(self, span: timedelta, most: int) -> None:
        self.shortened = False
        self._span = int(span.total_seconds())
        self._most = most
        self._tables: list[DigestTable] = []

    def __len__(self) -> int:
        return sum(table.count for table in self._tables)

    def known(self, digests: bytes) -> list[bool]:
        """Say of each of joined digests whether its id was seen."""
        keys = as_keys(digests)
        seen = np.zeros(len(keys), dtype=bool)
        for table in self._tables:
            seen |= table.contains(keys)
        result: list[bool] = seen.tolist()
        return result

    def add(self, digests: bytes, arrived: int) -> None:
        """Add joined digests that are distinct and not known, and forget what is older than the window."""
        day = arrived // _DAY
        if not self._tables or self._tables[-1].day != day or self._tables[-1].is_full:
            self._tables.append(DigestTable(day))
        self._tables[-1].add(as_keys(digests))
        self._forget(arrived)

    def _forget(self, now: int) -> None:
        self._tables = [table for table in self._tables if (table.day + 1) * _DAY > now - self._span]
        while len(self) > self._most and len(self._tables) > 1:
            del self._tables[0]
            self.shortened = True
