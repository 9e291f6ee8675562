"""Observations gathered in a file of their own while exports are read: each once, in its newest version.

Langfuse's windows share their boundaries and tell an observation again after it changed, so the same id comes from
several files. Memory stays flat however many there are.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

from collectors.tokens.langfuse.observations import Observation

_BATCH = 1000
_HOUR = 3600


@dataclass(frozen=True)
class HourOfCaller:
    """What one caller used in an hour, of the observations whose newest version lies in one place."""

    place: int
    hour: datetime
    who: tuple[str | None, ...]
    counts: dict[str, Decimal]


class Spool:
    """Observations by id; `place` is a number of ours for the file that they came from."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TABLE seen (id BLOB PRIMARY KEY, updated TEXT, place INTEGER, hour INTEGER, who TEXT, counts TEXT)"
            " WITHOUT ROWID"
        )

    def add(self, place: int, observations: Iterable[Observation]) -> None:
        """Note observations; of an id the version that was updated last stands, or came last."""
        rows: list[tuple[object, ...]] = []
        for observation in observations:
            rows.append(_row(place, observation))
            if len(rows) == _BATCH:
                self._write(rows)
                rows = []
        self._write(rows)

    def hours(self) -> Iterator[HourOfCaller]:
        """Yield the sums, by place and hour."""
        held: HourOfCaller | None = None
        query = "SELECT place, hour, who, counts FROM seen ORDER BY place, hour, who"
        for place, hour, who, counts in self._connection.execute(query):
            found = HourOfCaller(place, datetime.fromtimestamp(hour * _HOUR, UTC), tuple(json.loads(who)), {})
            if held is None or (held.place, held.hour, held.who) != (found.place, found.hour, found.who):
                if held is not None:
                    yield held
                held = found
            for metric, count in json.loads(counts).items():
                held.counts[metric] = held.counts.get(metric, Decimal(0)) + Decimal(count)
        if held is not None:
            yield held

    def _write(self, rows: list[tuple[object, ...]]) -> None:
        self._connection.executemany(
            "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET updated = excluded.updated,"
            " place = excluded.place, hour = excluded.hour, who = excluded.who, counts = excluded.counts"
            " WHERE excluded.updated >= seen.updated",
            rows,
        )


@contextmanager
def opened_spool(folder: Path) -> Iterator[Spool]:
    """Open a spool in a folder that is deleted afterwards."""
    with closing(sqlite3.connect(folder / "observations.sqlite", isolation_level=None)) as connection:
        yield Spool(connection)


def _row(place: int, observation: Observation) -> tuple[object, ...]:
    identity = blake2b(observation.id.encode(), digest_size=16).digest()
    hour = int(observation.start.timestamp()) // _HOUR
    counts = {metric: str(count) for metric, count in sorted(observation.counts.items())}
    return identity, observation.updated, place, hour, json.dumps(observation.who), json.dumps(counts)
