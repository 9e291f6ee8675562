"""How a log is kept from growing for ever: finished segments of past days are deleted whole."""

from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path

import pyarrow.compute as pc

from collectors.push.hours import finished_sums, sums_path
from collectors.push.records import read_records
from collectors.push.segments import flush_folder, raise_floor, segments


def trim(folder: Path, up_to: date, arrived_before: datetime) -> tuple[Path, ...]:
    """Delete finished segments of which every event is of a UTC day before `up_to` and every id came before then.

    Those days are no longer whole afterwards, so the folder says first that they are not to be read. Return what was
    deleted; raise OSError or CorruptLogError.
    """
    start = datetime.combine(up_to, time(), UTC)
    found = segments(folder)
    past = tuple(
        path
        for path, following in pairwise(found)
        if _first_arrival(following) < arrived_before and _latest_hour(path) < start
    )
    if past:
        raise_floor(folder, up_to)
    for path in past:
        path.unlink()
        sums_path(path).unlink(missing_ok=True)
    flush_folder(folder)
    return past


def _first_arrival(path: Path) -> datetime:
    """Return when the first events of a segment came: all of the segment before it had come by then."""
    first = next(read_records(path), None)
    return datetime.max.replace(tzinfo=UTC) if first is None else datetime.fromtimestamp(first.arrived, UTC)


def _latest_hour(path: Path) -> datetime:
    latest: datetime | None = pc.max(finished_sums(path).rows["hour"]).as_py()
    return datetime.min.replace(tzinfo=UTC) if latest is None else latest
