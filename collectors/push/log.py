"""The event log: durable before it answers, each id once, many requests flushed to disk together."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from collectors.push.batch import Batch, joined_digests, new_of
from collectors.push.fields import Span, UsageEvent
from collectors.push.recall import recent_ids
from collectors.push.records import record_parts
from collectors.push.retention import trim
from collectors.push.segments import floor, lock
from collectors.push.writer import SegmentWriter

_AHEAD = timedelta(hours=1)
_GROUP_EVENTS = 50_000


@dataclass(frozen=True)
class LogSettings:
    """How long and how much.

    keep: how far back an event's time may lie, and at least how long events are kept. remember: how long after its
    arrival an id is known. segment_bytes: when a segment is finished. most_ids: how many ids are known at most, at
    27 to 53 bytes of memory each.
    """

    keep: timedelta = timedelta(days=35)
    remember: timedelta = timedelta(hours=48)
    segment_bytes: int = 32 * 2**20
    most_ids: int = 32_000_000


@dataclass(frozen=True)
class Appended:
    """What became of a batch: events stored now, and those whose id was known."""

    accepted: int
    duplicates: int


class LogUnavailableError(Exception):
    """The log cannot store anything now; nothing of the batch was stored, and it may be sent again."""


@dataclass(frozen=True)
class _Waiting:
    batch: Batch
    answer: "Future[Appended]"


class EventLog:
    """The writer of a log; one a folder, on any thread. Readers need none of it.

    Who appends makes the events ready. A thread of its own takes what is waiting, keeps the ids that are new, writes
    and flushes once for all of it, and only then answers.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime], settings: LogSettings) -> None:
        """Take the folder's lock and learn the ids of its last days.

        Raises LogLockedError, CorruptLogError or OSError. `clock` gives aware UTC.
        """
        self.folder = folder
        self.settings = settings
        self._clock = clock
        with ExitStack() as undo:
            self._lock = lock(folder)
            undo.callback(os.close, self._lock)
            self._writer = SegmentWriter(folder, settings.segment_bytes)
            undo.callback(self._writer.close)
            self._ids = recent_ids(folder, settings.remember, settings.most_ids, int(clock().timestamp()))
            self._floor = floor(folder)
            undo.pop_all()
        self._queue: SimpleQueue[Sequence[_Waiting] | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="usage-log", daemon=True)
        self._thread.start()

    @property
    def forgets_early(self) -> bool:
        """Whether so many ids came that some were forgotten before their time."""
        return self._ids.shortened

    def accepted_span(self) -> Span:
        """Return the times that an event may have now."""
        now = self._clock()
        oldest = max((now - self.settings.keep).date(), self._floor)
        return Span(datetime.combine(oldest, time(), UTC), now + _AHEAD)

    def append(self, events: Sequence[UsageEvent]) -> "Future[Appended]":
        """Store events of the accepted span whose ids are new; the answer comes when they are on disk.

        It raises LogUnavailableError where they cannot be stored.
        """
        return self.append_together([events])[0]

    def append_together(self, batches: Sequence[Sequence[UsageEvent]]) -> "list[Future[Appended]]":
        """Store batches as `append` does, all of them or none."""
        together = [_Waiting(Batch.of(events), Future()) for events in batches]
        with self._closing:
            if not self._is_closed and any(batches):
                self._queue.put(together)
            else:
                for waiting in together:
                    self._answer_at_once(waiting)
        return [waiting.answer for waiting in together]

    def _answer_at_once(self, waiting: _Waiting) -> None:
        if waiting.batch.events:
            waiting.answer.set_exception(LogUnavailableError("the usage log is closed"))
        else:
            waiting.answer.set_result(Appended(0, 0))

    def trim(self, up_to: date) -> tuple[Path, ...]:
        """Delete what is no longer needed of days before `up_to`; return the segments deleted.

        Days that may still get late events, and segments whose ids are still remembered, are never touched. Raises
        OSError or CorruptLogError.
        """
        now = self._clock()
        # A day more, so that no event that was just found young enough falls out before it is written.
        closed = (now - self.settings.keep).date() - timedelta(days=1)
        deleted = trim(self.folder, min(up_to, closed), now - self.settings.remember)
        self._floor = floor(self.folder)
        return deleted

    def close(self) -> None:
        """Store and answer what is waiting, then free the folder."""
        self._refuse_more()
        self._thread.join()

    def _refuse_more(self) -> None:
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                self._queue.put(None)

    def _run(self) -> None:
        group: list[_Waiting] | None = []
        try:
            while (group := self._next_group()) is not None:
                self._store([waiting for waiting in group if waiting.answer.set_running_or_notify_cancel()])
        finally:
            # After a bug in here, too, nobody must wait for ever and the folder must be free.
            self._refuse_more()
            for waiting in [*(group or []), *_drained(self._queue)]:
                if not waiting.answer.done():
                    waiting.answer.set_exception(LogUnavailableError("the usage log has stopped"))
            self._writer.close()
            os.close(self._lock)

    def _next_group(self) -> list[_Waiting] | None:
        """Wait for a batch and return it with those that queue behind it; None when the log is to close."""
        together = self._queue.get()
        group: list[_Waiting] = []
        size = 0
        while together is not None:
            group += together
            size += sum(len(waiting.batch.events) for waiting in together)
            if size >= _GROUP_EVENTS or self._queue.empty():
                return group
            together = self._queue.get()
        if group:
            self._queue.put(None)
        return group or None

    def _store(self, group: Sequence[_Waiting]) -> None:
        arrived = int(self._clock().timestamp())
        batches = [waiting.batch for waiting in group]
        fresh = new_of(batches, self._ids.known(joined_digests(batches)))
        added = joined_digests(fresh)
        try:
            if added:
                self._writer.write(b"".join(_parts(fresh, arrived)), arrived)
        except OSError as error:
            for waiting in group:
                waiting.answer.set_exception(LogUnavailableError(f"the usage log cannot be written: {error}"))
            return
        if added:
            self._ids.add(added, arrived)
        for waiting, stored in zip(group, fresh, strict=True):
            count = len(stored.events)
            waiting.answer.set_result(Appended(count, len(waiting.batch.events) - count))


def _parts(batches: Sequence[Batch], arrived: int) -> Iterator[bytes]:
    for batch in batches:
        if batch.events:
            yield from record_parts(batch.packed, joined_digests([batch]), arrived)


def _drained(queue: "SimpleQueue[Sequence[_Waiting] | None]") -> Iterator[_Waiting]:
    while True:
        try:
            together = queue.get_nowait()
        except Empty:
            return
        yield from together or ()
