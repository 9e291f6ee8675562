"""What was seen of GPUs whose source shows the present alone: a log of looks, one file a UTC day, durable and in order.

A line is one look at one target: when, the series that the file did not name yet, and each value by the number of its
series. A torn last line was never acknowledged and is cut; files are deleted when they are past their keeping.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from collectors.api.windows import DAY, HOUR, floored
from collectors.base import Window
from collectors.push.segments import LogLockedError, flush_folder, lock, write_whole

_BEGUN = "begun.json"
_is_samples = re.compile(r"samples-([0-9]{4}-[0-9]{2}-[0-9]{2})\.ndjson").fullmatch
BySlot = Mapping[str, Mapping[int, str]]
"""Values as text by series and time slot of an hour; a later one of the same slot stands."""


class DamagedSamplesError(Exception):
    """A file of samples cannot be read."""


@dataclass(frozen=True)
class Look:
    """What was seen of one target at once: values as text by series; a series is any text that names it."""

    at: datetime
    target: str
    values: Mapping[str, str]


class _Head(msgspec.Struct):
    at: datetime
    target: str
    new: list[str]


class _Line(_Head):
    values: list[tuple[int, str]]


class _Begun(msgspec.Struct):
    """When the first look was, and whether nothing was known of the source before it."""

    first: datetime
    alone: bool


_head, _line, _begun = msgspec.json.Decoder(_Head), msgspec.json.Decoder(_Line), msgspec.json.Decoder(_Begun)


def append(folder: Path, looks: Sequence[Look], step: timedelta, keep: timedelta) -> None:
    """Add looks of one moment whose target was not looked at in this time slot yet; on disk afterwards. Raises OSError.

    Where another process writes at this moment nothing is done: it looked too, and the slot is tried again.
    """
    if not looks:
        return
    try:
        descriptor = lock(folder)
    except LogLockedError:
        return
    try:
        for day in sorted({look.at.date() for look in looks}):
            _append_day(folder, day, [look for look in looks if look.at.date() == day], step)
            _forget(folder, day - keep)
    finally:
        os.close(descriptor)


def note_first_reading(folder: Path) -> None:
    """Remember that nothing was known of the source before this log: its first day is its own. Raises OSError."""
    begun = _beginning(folder)
    if begun is not None and not begun.alone:
        write_whole(folder / _BEGUN, msgspec.json.encode(_Begun(begun.first, alone=True)))


def whole_since(folder: Path) -> datetime:
    """Return since when the log may be taken for all there is, in whole days; the end of time where it is empty.

    On its first day another log may have seen more: that day counts where nothing was known of the source before.
    """
    begun = _beginning(folder)
    if begun is None:
        return datetime.max.replace(tzinfo=UTC)
    day = floored(begun.first, DAY)
    return day if begun.alone or day == begun.first else day + DAY


def read_hours(folder: Path, window: Window, step: timedelta) -> Iterator[tuple[Window, BySlot]]:
    """Yield what was seen in each hour of a window that has a look; raise OSError or DamagedSamplesError."""
    day = floored(window.start, DAY)
    while day < window.end:
        series, by_hour = _day(_path(folder, day.date()))
        for hour in sorted(by_hour):
            if window.start <= hour < window.end:
                yield Window(hour, hour + HOUR), _by_slot(series, by_hour[hour], hour, step)
        day += DAY


def _append_day(folder: Path, day: date, looks: Sequence[Look], step: timedelta) -> None:
    path = _path(folder, day)
    is_new = not path.exists()
    if _beginning(folder) is None:
        write_whole(folder / _BEGUN, msgspec.json.encode(_Begun(min(look.at for look in looks), alone=False)))
    heads = [_decoded(_head, text, path) for text in _whole_lines(path)]
    numbers = {name: number for number, name in enumerate(name for head in heads for name in head.new)}
    seen = {(head.target, floored(head.at, step)) for head in heads}
    lines = []
    for look in looks:
        slot = look.target, floored(look.at, step)
        if slot not in seen:
            seen.add(slot)
            lines.append(_encoded(look, numbers))
    if lines:
        _write(path, b"".join(lines))
    if is_new:
        flush_folder(folder)


def _encoded(look: Look, numbers: dict[str, int]) -> bytes:
    new = [name for name in look.values if name not in numbers]
    numbers.update({name: number for number, name in enumerate(new, len(numbers))})
    values = [(numbers[name], value) for name, value in look.values.items()]
    return msgspec.json.encode(_Line(look.at, look.target, new, values)) + b"\n"


def _write(path: Path, data: bytes) -> None:
    """Append after the last whole line, and be sure of it."""
    with path.open("ab") as file:
        whole = sum(len(text) + 1 for text in _whole_lines(path))
        if whole != file.tell():
            file.truncate(whole)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _day(path: Path) -> tuple[list[str], Mapping[datetime, list[bytes]]]:
    """Return a file's series by number, and its lines by the hour."""
    series: list[str] = []
    by_hour: dict[datetime, list[bytes]] = {}
    for text in _whole_lines(path):
        head = _decoded(_head, text, path)
        series += head.new
        by_hour.setdefault(floored(head.at, HOUR), []).append(text)
    return series, by_hour


def _by_slot(series: Sequence[str], lines: Iterable[bytes], hour: datetime, step: timedelta) -> BySlot:
    found: dict[str, dict[int, str]] = {}
    for text in lines:
        line = _line.decode(text)
        slot = (line.at - hour) // step
        for number, value in line.values:
            found.setdefault(series[number], {})[slot] = value
    return found


def _whole_lines(path: Path) -> list[bytes]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return content.split(b"\n")[:-1]


def _decoded(decoder: "msgspec.json.Decoder[_Head]", text: bytes, path: Path) -> _Head:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as error:
        raise DamagedSamplesError(f"{path} is damaged: {error}; move it away, and its hours become a gap") from error


def _forget(folder: Path, before: date) -> None:
    for path in folder.iterdir():
        found = _is_samples(path.name)
        if found and date.fromisoformat(found[1]) < before:
            path.unlink()


def _beginning(folder: Path) -> _Begun | None:
    try:
        return _begun.decode((folder / _BEGUN).read_bytes())
    except FileNotFoundError:
        return None


def _path(folder: Path, day: date) -> Path:
    return folder / f"samples-{day}.ndjson"
