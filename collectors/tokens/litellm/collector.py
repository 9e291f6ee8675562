"""The collector of a LiteLLM proxy's calls: a UTC day at a time, from the hours that are over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
from psycopg import sql

from collectors.api.by_window import AskedByWindow
from collectors.api.rows import Row, converted
from collectors.api.windows import DAY, HOUR, floored, pieces, whole
from collectors.base import CollectError, FileRead, Need, Reading, SourceSettings, Window
from collectors.files.block import UnreadableError
from collectors.files.rows import Totals
from collectors.problems import Problems
from collectors.spans import united
from collectors.tokens.litellm.calls import Sorting, hourly_rows
from collectors.tokens.litellm.database import Connection, Database, reading
from collectors.tokens.litellm.tables import (
    CALLS,
    Names,
    calls_query,
    kept_since,
    names,
    readable,
    server_now,
)

PERMISSION = f'SELECT on "{CALLS}"'
_AT_ONCE = 5_000


@dataclass(frozen=True)
class Ages:
    """How far back the first reading goes, how late calls may come, and when an hour counts as over."""

    backfill: timedelta
    restates: timedelta
    settles: timedelta


@dataclass(frozen=True)
class CallsSource:
    """One configured proxy's database; a statement may take as long as `patience`."""

    settings: SourceSettings
    database: Database
    ages: Ages
    patience: timedelta
    sorting: Sorting


class CallsCollector(AskedByWindow):
    """The Collector of logged calls; it counts each by the hour in which it began, as LiteLLM's own sums do.

    A long call is logged when it ends, under that hour: `restates` is how late that may be.
    """

    def __init__(self, source: CallsSource) -> None:
        super().__init__(source.settings, "usage", source.ages.backfill, source.ages.restates)
        self._source = source

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the usage of the hours in the window that are over; None begins `backfill` ago.

        Raises CollectError.
        """
        self._reading = None
        source = self._source
        problems, spans, files = Problems(), list[Window](), list[FileRead]()
        with reading(source.database, source.patience) as connection:
            may = readable(connection)
            known = names(connection, may)
            query = calls_query(may, source.sorting.metadata)
            since = kept_since(connection, may)
            for day in pieces(self._asked(window, since, server_now(connection)), DAY):
                totals = Totals()
                yield from self._batches(self._rows(connection, query, known, day, problems), day, totals, problems)
                spans.append(day)
                files.append(totals.file_read(self._place(day.start)))
        problems.raise_if_any(self.name)
        self._reading = Reading(united(spans), tuple(files), requests=len(spans))

    def probe(self) -> tuple[Need, ...]:
        """Connect, and look at what may be read."""
        try:
            with reading(self._source.database, self._source.patience) as connection:
                readable(connection)
        except CollectError as error:
            return (Need(PERMISSION, str(error)),)
        return (Need(PERMISSION),)

    def _asked(self, window: Window | None, since: datetime | None, there: datetime) -> Window:
        """Return the whole hours to read; none where no call is kept: that may be a log that is switched off."""
        ages = self._source.ages
        now = min(self._source.settings.clock(), there) - ages.settles
        begun = Window(floored(now - ages.backfill, DAY), now) if window is None else window
        if since is None:
            return Window(begun.start, begun.start)
        return whole(Window(max(begun.start, since), begun.end), HOUR, now)

    def _rows(
        self, connection: Connection, query: sql.Composed, known: Names, day: Window, problems: Problems
    ) -> list[Row]:
        with connection.cursor(name="calls") as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(query, [day.start.replace(tzinfo=None), day.end.replace(tzinfo=None)])
            return hourly_rows(cursor, self._source.sorting, known, self._place(day.start), problems)

    def _batches(self, rows: list[Row], day: Window, totals: Totals, problems: Problems) -> Iterator[pa.RecordBatch]:
        place = self._place(day.start)
        try:
            read = converted("usage", self.name, place, rows, problems)
        except UnreadableError as error:
            problems.add(place, str(error))
            return
        if read is not None:
            totals.add(read)
            yield read.batch

    def _place(self, day: datetime) -> str:
        return f"{self._source.database.shown} {day:%Y-%m-%d}"
