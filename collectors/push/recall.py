"""What is read back of a log: its events, and the ids of its last days."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from collectors.push.digests import DigestWindow
from collectors.push.fields import UsageEvent
from collectors.push.records import read_records
from collectors.push.segments import segments


def read_events(folder: Path) -> Iterator[UsageEvent]:
    """Yield every event in a log, in the order of arrival; raise OSError or CorruptLogError."""
    for path in segments(folder):
        for record in read_records(path):
            yield from record.events()


def recent_ids(folder: Path, remember: timedelta, most: int, now: int) -> DigestWindow:
    """Return the ids that arrived within `remember` before `now` (seconds since 1970 UTC), and some before them.

    Raises OSError or CorruptLogError.
    """
    recent: list[Path] = []
    for path in reversed(segments(folder)):
        recent.append(path)
        first = next(read_records(path), None)
        if first is not None and first.arrived < now - remember.total_seconds():
            break
    ids = DigestWindow(remember, most)
    for path in reversed(recent):
        for record in read_records(path):
            ids.add(record.digests, record.arrived)
    return ids
