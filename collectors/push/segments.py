"""The log's folder: numbered segments of which only the last is written to, a lock, and the oldest day still whole."""

import fcntl
import os
import re
from datetime import date
from pathlib import Path

from collectors.push.records import MAGIC, CorruptLogError, read_records

_is_segment = re.compile(r"events-([0-9]{8})\.log").fullmatch
_FLOOR = "floor"
_LOCK = "lock"


class LogLockedError(OSError):
    """Another process writes this log."""


def segments(folder: Path) -> list[Path]:
    """Return the log's segments, the oldest first; all but the last are finished and never change."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _is_segment(path.name))


def new_segment(folder: Path) -> Path:
    """Create the next segment, durably, and return its path; raise OSError."""
    last = segments(folder)[-1:]
    number = int(last[0].name[7:15]) + 1 if last else 1
    path = folder / f"events-{number:08d}.log"
    write_whole(path, MAGIC)
    return path


def whole_length(path: Path) -> int:
    """Return how many bytes of a segment are whole records; raise CorruptLogError where it is no segment."""
    end = len(MAGIC)
    for record in read_records(path):
        end = record.end
    return end


def check_finished(path: Path, length: int) -> None:
    """Raise CorruptLogError where a finished segment holds more than the `length` bytes that could be read."""
    size = path.stat().st_size
    if size != length:
        raise CorruptLogError(f"{path} is damaged after byte {length} of {size}; restore it from a backup")


def cut_torn_tail(path: Path) -> int:
    """Cut a segment after its last whole record; return its length.

    What is cut was never acknowledged, as long as the disk kept its word; it is kept beside the log all the same.
    """
    end = whole_length(path)
    with path.open("r+b") as file:
        file.seek(end)
        tail = file.read()
        if tail:
            write_whole(path.with_suffix(f".torn-{end}"), tail)
            file.truncate(end)
            os.fsync(file.fileno())
    return end


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even after a crash; raise OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable; raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(folder: Path) -> int:
    """Create the folder and take its writer's lock until the returned descriptor is closed.

    The system frees it when the process dies. Raises LogLockedError, or OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    flush_folder(folder.parent)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise LogLockedError(f"{folder} is already written by another process (pid {holder})") from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def floor(folder: Path) -> date:
    """Return the oldest UTC day of which nothing was deleted; date.min where nothing ever was."""
    try:
        return date.fromisoformat((folder / _FLOOR).read_text("ascii").strip())
    except FileNotFoundError:
        return date.min


def raise_floor(folder: Path, day: date) -> None:
    """Record, durably, that days before this one are no longer whole; raise OSError."""
    if day > floor(folder):
        write_whole(folder / _FLOOR, f"{day.isoformat()}\n".encode("ascii"))
