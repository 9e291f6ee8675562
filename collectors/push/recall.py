"""What is read back of a log: its events, and the ids of its last days."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from collectors.push.digests import DigestWindow
from collectors.push.fields import UsageEvent
from collectors.push.records import Record, read_records
from collectors.push.segments import segments


class _Named(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Of a UsageEvent the first field alone."""

    id: str


_named = msgspec.msgpack.Decoder(list[_Named])


def read_events(folder: Path) -> Iterator[UsageEvent]:
    """Yield every event in a log, in the order of arrival; raise OSError or CorruptLogError."""
    for path in segments(folder):
        for record in read_records(path):
            yield from record.events()


def recent_ids(folder: Path, remember: timedelta, most: int, now: int) -> DigestWindow:
    """Return the ids that arrived within `remember` before `now` (seconds since 1970 UTC), and some before them.

    Raises OSError or CorruptLogError.
    """
    ids = DigestWindow(remember, most)
    for record in recent_records(folder, remember, now):
        ids.add(record.digests, record.arrived)
    return ids


def recent_records(folder: Path, remember: timedelta, now: int) -> Iterator[Record]:
    """Yield the records that arrived within `remember` before `now`, and some before them, in the order of arrival.

    Raises OSError or CorruptLogError.
    """
    recent: list[Path] = []
    for path in reversed(segments(folder)):
        recent.append(path)
        first = next(read_records(path), None)
        if first is not None and first.arrived < now - remember.total_seconds():
            break
    for path in reversed(recent):
        yield from read_records(path)


def ids_beginning(record: Record, prefix: str) -> Iterator[str]:
    """Yield those ids of a record that begin so; one that has none is not even unpacked."""
    if prefix.encode() in record.packed_events:
        yield from (event.id for event in _named.decode(record.packed_events) if event.id.startswith(prefix))
