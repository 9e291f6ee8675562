"""A source that is asked a window at a time: everything but how it is asked and what the answer means."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import pyarrow as pa

from collectors.api.by_window import AskedByWindow
from collectors.api.rows import Row, converted
from collectors.api.windows import DAY, floored, pieces, whole
from collectors.base import Asking, CollectError, FileRead, Need, Reading, SourceSettings, TableName, Window
from collectors.files.block import UnreadableError
from collectors.files.rows import Totals
from collectors.problems import Problems
from collectors.spans import united


@dataclass(frozen=True)
class Answered:
    """What an API said of one span, whole: its rows (none is a zero, not a gap) under the names of the table.

    Spans are whole days for charges and whole hours or days for usage: they name the rows' origin.
    """

    span: Window
    rows: Sequence[Row]


A = TypeVar("A", bound=Asking)


@dataclass(frozen=True)
class WindowedSource(Generic[A]):
    """One configured source; `shown` is how people know it, `opened` what it is asked through.

    `fetch` asks for a piece of at most `piece` and yields what was answered; spans that it does not yield are gaps.
    `unit` is what it counts by (an hour or a day), `settles` how long after its end a unit is complete. `permissions`
    are what reading needs, in the provider's words and in the order in which they are needed.
    """

    settings: SourceSettings
    table: TableName
    shown: str
    opened: Callable[[], AbstractContextManager[A]]
    fetch: Callable[[A, Window], Iterator[Answered]]
    permissions: tuple[str, ...]
    unit: timedelta
    piece: timedelta
    backfill: timedelta
    restates: timedelta
    settles: timedelta


def over_there(
    fetch: Callable[[A, Window], Iterator[Answered]], now: Callable[[A], datetime], settles: timedelta
) -> Callable[[A, Window], Iterator[Answered]]:
    """Return `fetch` without what is not over by the server's clock, `settles` later: it is left for the next time."""

    def over(asking: A, piece: Window) -> Iterator[Answered]:
        for answered in fetch(asking, piece):
            if answered.span.end <= now(asking) - settles:
                yield answered

    return over


class WindowedCollector(AskedByWindow, Generic[A]):
    """The Collector of such a source; `collect` raises in place of ending where anything is wrong."""

    def __init__(self, source: WindowedSource[A]) -> None:
        super().__init__(source.settings, source.table, source.backfill, source.restates)
        self._source = source
        self._asking: Asking | None = None

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the units in the window that are complete; None begins `backfill` ago.

        Raises CollectError.
        """
        self._reading = self._asking = None
        source = self._source
        problems, spans, files = Problems(), list[Window](), list[FileRead]()
        with source.opened() as asked:
            self._asking = asked
            for piece in pieces(self._asked(window), source.piece):
                totals = Totals()
                for answered in source.fetch(asked, piece):
                    yield from self._batches(answered, totals, problems)
                    spans.append(answered.span)
                files.append(totals.file_read(f"{source.shown} {_shown(piece.start)}/{_shown(piece.end)}"))
            problems.raise_if_any(self.name)
            self._reading = Reading(united(spans), tuple(files), asked.requests, asked.cost)

    def asked(self) -> Asking | None:
        """Return what the last `collect` asked so far, also where it failed."""
        return self._asking

    def probe(self) -> tuple[Need, ...]:
        """Ask for the newest complete unit."""
        source = self._source
        now = source.settings.clock() - source.settles
        newest = floored(now, source.unit)
        try:
            with source.opened() as asked:
                next(iter(source.fetch(asked, Window(newest - source.unit, newest))), None)
        except CollectError as error:
            return _lacking(source.permissions, str(error))
        return tuple(map(Need, source.permissions))

    def _asked(self, window: Window | None) -> Window:
        source = self._source
        now = source.settings.clock() - source.settles
        begun = Window(floored(now - source.backfill, DAY), now) if window is None else window
        return whole(begun, source.unit, now)

    def _batches(self, answered: Answered, totals: Totals, problems: Problems) -> Iterator[pa.RecordBatch]:
        place = f"{self._source.shown} {_shown(answered.span.start)}"
        try:
            rows = converted(self.table, self.name, place, answered.rows, problems)
        except UnreadableError as error:
            problems.add(place, str(error))
            return
        if rows is not None:
            for period in sorted(rows.periods):
                if not answered.span.start <= period < answered.span.end:
                    problems.add(place, f"has a row of {_shown(period)}, which is not what it stands under")
            totals.add(rows)
            yield rows.batch


def _lacking(permissions: tuple[str, ...], problem: str) -> tuple[Need, ...]:
    """Return what was there before the permission that a problem names, and that; all of them where it names none."""
    named = [place for place, permission in enumerate(permissions) if permission in problem]
    if not named:
        return (Need(", ".join(permissions), problem),)
    return (*map(Need, permissions[: named[0]]), Need(permissions[named[0]], problem))


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%HZ}"
