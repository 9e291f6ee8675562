"""Points of series as what was counted since the point before: over resets and restarts, and each point once.

What a cumulative series showed last is in the ids of the events that it became. So the log that holds the events is
the memory, too, and there is no moment at which one is written and the other is not.
"""

from collections.abc import Iterable

import msgspec

from collectors.otlp.metric_wire import Point, Temporality

PREFIX = "otlpm:"
_DAY = 86_400
_HOUR = 3_600
_PARTS = 5
"""How many parts the id of a cumulative point has: prefix, series, start, time and value; one by delta has no value."""


class _Last(msgspec.Struct, frozen=True, gc=False):
    """What a series showed last: at which time, in nanoseconds, and when an event last said so, in seconds."""

    time: int
    value: int
    noted: int


class Grown(msgspec.Struct, frozen=True, gc=False):
    """By how much a series grew up to a point, under the id of the event that says so."""

    id: str
    count: int


class Streams:
    """What the cumulative series of a log showed last; used by one thread at a time.

    Times are seconds since 1970 UTC. What began before `began`, or before what is learned arrived, is known in part.
    """

    def __init__(self, began: int, remember: int) -> None:
        self._began = began
        self._remember = remember
        self._last: dict[str, _Last] = {}
        self._pruned = began

    def learn(self, ids: Iterable[str], arrived: int) -> None:
        """Learn from the ids of events that arrived together; what arrived earlier is learned earlier."""
        self._began = min(self._began, arrived)
        for name in ids:
            parts = name.split(":")
            if len(parts) == _PARTS:
                _, series, start, time, value = parts
                self._last[f"{series}:{start}"] = _Last(int(time), int(value), arrived)

    def look(self, now: int) -> "Look":
        """Begin with one body."""
        # A series of which nothing is known counts from its start on where all of it would be known by now; an hour
        # is for clocks that differ, and for a log that has only just begun.
        return Look(self._last, now, max(now - self._remember + _HOUR, self._began - _HOUR) * 10**9)

    def keep(self, look: "Look", now: int) -> None:
        """Take over what a look found, after its events are stored."""
        self._last.update(look.found)
        if now - self._pruned >= _HOUR:
            self._pruned = now
            self._last = {key: last for key, last in self._last.items() if now - last.noted < self._remember}


class Look:
    """What one body says of series; nothing is remembered before `Streams.keep`."""

    def __init__(self, last: dict[str, _Last], now: int, known: int) -> None:
        self._last = last
        self._now = now
        self._known = known
        self.found: dict[str, _Last] = {}

    def grown(self, point: Point, temporality: Temporality, value: int, since: int) -> Grown | None:
        """Return what a point adds of what was used from `since` on, in nanoseconds; None where that is nothing new."""
        key = f"{point.series}:{point.start}"
        if temporality == "delta":
            is_new = value and (point.start or point.time) >= since
            return Grown(f"{PREFIX}{key}:{point.time}", value) if is_new else None
        last = self.found.get(key) or self._last.get(key)
        if last is not None and point.time <= last.time:
            return None
        if last is None:
            count = value if point.start >= max(self._known, since) else 0
        else:
            # A value that fell although its start did not change was restarted by somebody who does not tell.
            count = value - last.value if value >= last.value else value
        is_noted = last is not None and not count and self._now - last.noted < _DAY
        self.found[key] = _Last(point.time, value, last.noted if is_noted and last is not None else self._now)
        return None if is_noted else Grown(f"{PREFIX}{key}:{point.time}:{value}", count)
