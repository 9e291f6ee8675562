"""A source that is asked by HTTP, a window at a time: everything but what is asked and what the answer means."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from collectors.api.rows import Row, converted
from collectors.api.session import Session, Terms, opened_session
from collectors.api.windows import DAY, floored, pieces, whole
from collectors.base import CollectError, FileRead, Need, Reading, SourceSettings, TableName, Window
from collectors.files.block import UnreadableError
from collectors.files.rows import Totals
from collectors.http import Server
from collectors.problems import Problems
from collectors.spans import united


@dataclass(frozen=True)
class Answered:
    """What an API said of one span, whole: its rows (none is a zero, not a gap) under the names of the table.

    Spans are whole days for charges and whole hours or days for usage: they name the rows' origin.
    """

    span: Window
    rows: Sequence[Row]


@dataclass(frozen=True)
class ApiSource:
    """One configured API.

    `fetch` asks for a piece of at most `piece` and yields what was answered; spans that it does not yield are gaps.
    `unit` is what the API counts by (an hour or a day), `settles` how long after its end a unit is complete.
    `permission` is what reading needs, in the provider's words.
    """

    settings: SourceSettings
    table: TableName
    server: Server
    fetch: Callable[[Session, Window], Iterator[Answered]]
    permission: str
    unit: timedelta = DAY
    piece: timedelta = 31 * DAY
    backfill: timedelta = 31 * DAY
    restates: timedelta = 3 * DAY
    settles: timedelta = timedelta()
    terms: Terms = field(default_factory=Terms)


class ApiCollector:
    """The Collector of an API; `collect` yields while it asks and raises in place of ending where anything is wrong."""

    def __init__(self, source: ApiSource) -> None:
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
        """How far back the provider changes what it said before."""
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
        problems, spans, files = Problems(), list[Window](), list[FileRead]()
        with opened_session(source.server, source.terms, source.settings.clock) as session:
            for piece in pieces(self._asked(window), source.piece):
                totals = Totals()
                for answered in self._answers(session, piece):
                    yield from self._batches(answered, totals, problems)
                    spans.append(answered.span)
                files.append(totals.file_read(f"{source.server.shown} {_shown(piece.start)}/{_shown(piece.end)}"))
            problems.raise_if_any(self.name)
            self._reading = Reading(united(spans), tuple(files), session.requests, session.cost)

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered; raise RuntimeError where there was none."""
        if self._reading is None:
            raise RuntimeError("nothing was collected to the end yet")
        return self._reading

    def probe(self) -> tuple[Need, ...]:
        """Ask for the newest complete unit."""
        source = self._source
        now = source.settings.clock() - source.settles
        newest = floored(now, source.unit)
        try:
            with opened_session(source.server, source.terms, source.settings.clock) as session:
                next(iter(source.fetch(session, Window(newest - source.unit, newest))), None)
        except CollectError as error:
            return (Need(source.permission, str(error)),)
        return (Need(source.permission),)

    def _asked(self, window: Window | None) -> Window:
        source = self._source
        now = source.settings.clock() - source.settles
        begun = Window(floored(now - source.backfill, DAY), now) if window is None else window
        return whole(begun, source.unit, now)

    def _answers(self, session: Session, piece: Window) -> Iterator[Answered]:
        """Yield what was answered; a unit that is not over by the server's clock is left for the next time."""
        source = self._source
        for answered in source.fetch(session, piece):
            if answered.span.end <= session.now() - source.settles:
                yield answered

    def _batches(self, answered: Answered, totals: Totals, problems: Problems) -> Iterator[pa.RecordBatch]:
        place = f"{self._source.server.shown} {_shown(answered.span.start)}"
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


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%HZ}"
