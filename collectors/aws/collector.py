"""A source that is asked through boto3, a window at a time: everything but what is asked and what the answer means."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa

from collectors.api.collector import Answered
from collectors.api.rows import converted
from collectors.api.windows import DAY, floored, pieces, whole
from collectors.base import CollectError, FileRead, Need, Reading, SourceSettings, TableName, Window
from collectors.files.block import UnreadableError
from collectors.files.rows import Totals
from collectors.problems import Problems
from collectors.spans import united


@dataclass
class Asking:
    """What a reading asked so far: requests, and what AWS charges for them in dollars."""

    requests: int = 0
    cost: Decimal = Decimal(0)

    def count(self, price: Decimal) -> None:
        """Count one request."""
        self.requests += 1
        self.cost += price


@dataclass(frozen=True)
class AwsSource:
    """One configured interface of AWS.

    `fetch` asks for a piece of at most `piece` and yields what was answered; spans that it does not yield are gaps.
    `unit` is what it counts by, `settles` how long after its end a unit is complete, `shown` how people know it.
    """

    settings: SourceSettings
    table: TableName
    shown: str
    fetch: Callable[[Asking, Window], Iterator[Answered]]
    permissions: tuple[str, ...]
    unit: timedelta
    piece: timedelta
    backfill: timedelta
    restates: timedelta
    settles: timedelta = timedelta()


class AwsCollector:
    """The Collector of an interface of AWS; `collect` raises in place of ending where anything is wrong."""

    def __init__(self, source: AwsSource) -> None:
        self._source = source
        self._reading: Reading | None = None

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._source.settings.name

    @property
    def table(self) -> TableName:
        """Which of the two tables it writes."""
        return self._source.table

    @property
    def restates(self) -> timedelta:
        """How far back AWS changes what it said before."""
        return self._source.restates

    @property
    def backfill(self) -> timedelta:
        """How far back the first reading goes."""
        return self._source.backfill

    @property
    def holds_everything(self) -> bool:
        """It is asked for a window at a time."""
        return False

    def revision(self) -> None:
        """Return None: only asking can tell whether there is anything new."""

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the units in the window that are complete; None begins `backfill` ago.

        Raises CollectError.
        """
        self._reading = None
        source = self._source
        problems, spans, files, asking = Problems(), list[Window](), list[FileRead](), Asking()
        for piece in pieces(self._asked(window), source.piece):
            totals = Totals()
            for answered in source.fetch(asking, piece):
                spans.append(answered.span)
                yield from self._batches(answered, totals, problems)
            files.append(totals.file_read(f"{source.shown} {piece.start:%Y-%m-%dT%HZ}/{piece.end:%Y-%m-%dT%HZ}"))
        problems.raise_if_any(self.name)
        self._reading = Reading(united(spans), tuple(files), asking.requests, asking.cost)

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered; raise RuntimeError where there was none."""
        if self._reading is None:
            raise RuntimeError("nothing was collected to the end yet")
        return self._reading

    def probe(self) -> tuple[Need, ...]:
        """Ask for the newest complete unit."""
        source = self._source
        newest = floored(source.settings.clock() - source.settles, source.unit)
        needed = ", ".join(source.permissions)
        try:
            for _ in source.fetch(Asking(), Window(newest - source.unit, newest)):
                break
        except CollectError as error:
            return (Need(needed, str(error)),)
        return (Need(needed),)

    def _asked(self, window: Window | None) -> Window:
        source = self._source
        now = source.settings.clock() - source.settles
        begun = Window(floored(now - source.backfill, DAY), now) if window is None else window
        return whole(begun, source.unit, now)

    def _batches(self, answered: Answered, totals: Totals, problems: Problems) -> Iterator[pa.RecordBatch]:
        place = f"{self._source.shown} {answered.span.start:%Y-%m-%dT%HZ}"
        try:
            rows = converted(self.table, self.name, place, answered.rows, problems)
        except UnreadableError as error:
            problems.add(place, str(error))
            return
        if rows is not None:
            totals.add(rows)
            yield rows.batch
