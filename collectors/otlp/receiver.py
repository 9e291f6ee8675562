"""What comes by OTLP/HTTP into the log of a push source: spans and metrics, each call counted by one of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from collectors.otlp.attributes import Form
from collectors.otlp.facts import Naming
from collectors.otlp.metric_wire import read_metrics
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
        self._one_body = threading.Lock()

    def spans(self, body: bytes, form: Form) -> Received:
        """Store what the spans of a body tell; it is on disk afterwards. Raises BodyError or LogUnavailableError."""
        found = read_spans(body, form, self._wanted)
        with _unavailable():
            counted = count_spans(found, self._naming, self._log.accepted_span(), self._taken)
        return Received(self._log.append(counted.events).result(), counted)

    def metrics(self, body: bytes, form: Form) -> Received:
        """Store what the metrics of a body add; it is on disk afterwards. Raises BodyError or LogUnavailableError."""
        found = read_metrics(body, form, WANTED)
        # What a point adds depends on the point before it being stored: one body at a time, to the end.
        with self._one_body, _unavailable():
            now = self._now()
            look = self._streams.look(now)
            counted = MetricCount(self._naming, self._log.accepted_span(), self._taken, look).count(found)
            appended = self._log.append(counted.events).result()
            self._streams.keep(look, now)
        return Received(appended, counted)

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
