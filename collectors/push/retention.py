"""How a log is kept from growing for ever: finished segments of past days are deleted whole."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import pyarrow.compute as pc

from collectors.push.hours import finished_sums, sums_path
from collectors.push.segments import flush_folder, raise_floor, segments


def trim(folder: Path, up_to: date, arrived_before: datetime) -> tuple[Path, ...]:
    """Delete finished segments of which every event is of a UTC day before `up_to` and every id came before then.

    Those days are no longer whole afterwards, so the folder says first that they are not to be read. Return what was
    deleted; raise OSError or CorruptLogError.
    """
    start = datetime.combine(up_to, time(), UTC)
    past = tuple(path for path in segments(folder)[:-1] if _is_past(path, start, arrived_before))
    if past:
        raise_floor(folder, up_to)
    for path in past:
        path.unlink()
        sums_path(path).unlink(missing_ok=True)
    flush_folder(folder)
    return past


def _is_past(path: Path, start: datetime, arrived_before: datetime) -> bool:
    if path.stat().st_mtime >= arrived_before.timestamp():
        return False
    latest = pc.max(finished_sums(path).rows["hour"]).as_py()
    return latest is None or latest < start
