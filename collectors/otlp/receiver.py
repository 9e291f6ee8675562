"""What comes by OTLP/HTTP into the log of a push source: spans and metrics, each call counted by one of them."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from collectors.otlp.attributes import Form
from collectors.otlp.facts import Naming
from collectors.otlp.metric_wire import Metrics, read_metrics
from collectors.otlp.metrics import WANTED, MetricCount
from collectors.otlp.spans import Counted, count_spans, wanted_attributes
from collectors.otlp.streams import PREFIX, Streams
from collectors.otlp.taken import FIRST, Taken
from collectors.otlp.wire import read_spans
from collectors.push.log import Appended, EventLog, LogUnavailableError
from collectors.push.recall import ids_beginning, recent_records

_FILE = "otlp.json"


@dataclass(frozen=True)
class Received:
    """What became of a body: of its events, and of what is refused or not taken."""

    appended: Appended
    counted: Counted


@dataclass(frozen=True)
class _Waiting:
    """The metrics of a body that are to be stored, and what will have become of them."""

    found: Sequence[Metrics]
    answer: "Future[Received]"


class Receiver:
    """Stores what bodies tell; used by any thread. The log is the receiver's memory, too."""

    def __init__(
        self, log: EventLog, clock: Callable[[], datetime], naming: Naming | None = None, chosen: str = FIRST
    ) -> None:
        """Learn from the log what came before; raise OSError, CorruptLogError, or ValueError for a damaged file."""
        self._log = log
        self._clock = clock
        self._naming = naming or Naming()
        self._wanted = wanted_attributes(self._naming)
        self._taken = Taken(log.folder / _FILE, clock, chosen)
        self._streams = _recalled(log, self._now())
        self._one_store = threading.Lock()
        self._waiting: deque[_Waiting] = deque()

    def spans(self, body: bytes, form: Form) -> Received:
        """Store what the spans of a body tell; it is on disk afterwards. Raises BodyError or LogUnavailableError."""
        found = read_spans(body, form, self._wanted)
        with _unavailable():
            counted = count_spans(found, self._naming, self._log.accepted_span(), self._taken)
        return Received(self._log.append(counted.events).result(), counted)

    def metrics(self, body: bytes, form: Form) -> Received:
        """Store what the metrics of a body add; it is on disk afterwards. Raises BodyError or LogUnavailableError."""
        waiting = _Waiting(read_metrics(body, form, WANTED), Future())
        self._waiting.append(waiting)
        # What a point adds depends on the point before it being stored. So one thread stores what all have read
        # meanwhile, in one go, and only then is more of it looked at.
        with self._one_store:
            if not waiting.answer.done():
                self._store([self._waiting.popleft() for _ in range(len(self._waiting))])
        return waiting.answer.result()

    def _store(self, together: Sequence[_Waiting]) -> None:
        try:
            with _unavailable():
                received = self._stored([waiting.found for waiting in together])
        except BaseException as error:
            for waiting in together:
                waiting.answer.set_exception(error)
            raise
        for waiting, one in zip(together, received, strict=True):
            waiting.answer.set_result(one)

    def _stored(self, bodies: Sequence[Sequence[Metrics]]) -> list[Received]:
        now = self._now()
        look = self._streams.look(now)
        times = self._log.accepted_span()
        counted = [MetricCount(self._naming, times, self._taken, look).count(found) for found in bodies]
        answers = self._log.append_together([one.events for one in counted])
        appended = [answer.result() for answer in answers]
        self._streams.keep(look, now)
        return [Received(*one) for one in zip(appended, counted, strict=True)]

    def _now(self) -> int:
        return int(self._clock().timestamp())


@contextmanager
def _unavailable() -> Iterator[None]:
    """Turn a disk that refuses what has to be remembered into an answer to come again."""
    try:
        yield
    except OSError as error:
        raise LogUnavailableError(f"what is counted of services cannot be written: {error}") from error


def _recalled(log: EventLog, now: int) -> Streams:
    streams = Streams(now, int(log.settings.remember.total_seconds()))
    for record in recent_records(log.folder, log.settings.remember, now):
        streams.learn(ids_beginning(record, PREFIX), record.arrived)
    return streams
