"""The Collector of an export table: days that have other numbers of rows than before, and how far the export is."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from collectors.api.by_window import AskedByWindow
from collectors.api.windows import DAY, floored, pieces
from collectors.base import CollectError, FileRead, Need, Reading, SourceSettings, Window
from collectors.bills.gcp.asking import Asking, Warehouse, opened
from collectors.bills.gcp.rows import convert_page
from collectors.bills.gcp.tables import ExportTable, counts_query, newest_query, rows_query
from collectors.files.block import Block
from collectors.files.rows import Totals, spans_of
from collectors.problems import Problems

_PIECE = 31 * DAY


@dataclass(frozen=True)
class ExportSource:
    """One configured table, PROJECT.DATASET.TABLE; `settles` is how long after a day its rows go on coming."""

    settings: SourceSettings
    table: str
    warehouse: Warehouse
    backfill: timedelta
    restates: timedelta
    settles: timedelta

    def opened(self) -> AbstractContextManager[Asking]:
        """Open a connection."""
        return opened(self.warehouse)


class ExportCollector(AskedByWindow):
    """Reads an export. Rows are only ever added to it, so that a day's number of rows tells whether it changed.

    `restates` is how far back days are looked for whose number changed.
    """

    def __init__(self, source: ExportSource) -> None:
        super().__init__(source.settings, "charges", source.backfill, source.restates)
        self._source = source

    def row_counts(self, window: Window) -> Mapping[date, int]:
        """Return how many charges each UTC day of the window has now; a day without any is left out."""
        counts: dict[date, int] = {}
        with self._source.opened() as asking:
            table = asking.table(self._source.table)
            for page in asking.pages(counts_query(table, window), table.name):
                days, charges = (page[name].to_pylist() for name in ("day", "charges"))
                counts |= {date.fromisoformat(day): int(count) for day, count in zip(days, charges, strict=True)}
        return counts

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the charges that start in the window; None begins `backfill` ago. Raises CollectError.

        Covered are the days with rows that were asked for whole and that the export has gone past, by its own clock and
        `settles`: one without rows is rather one on which the export was off than one that cost nothing.
        """
        self._reading = None
        source = self._source
        now = source.settings.clock()
        asked = Window(floored(now - source.backfill, DAY), now) if window is None else window
        problems, days, files = Problems(), set[datetime](), list[FileRead]()
        with source.opened() as asking:
            table = asking.table(source.table)
            newest = _newest(asking, table, asked.start)
            for piece in pieces(asked, _PIECE):
                place = f"{table.name} {_shown(piece.start)}/{_shown(piece.end)}"
                read = _Read(place, Totals(), days, problems)
                yield from self._read(asking, table, piece, read)
                files.append(read.totals.file_read(place))
            problems.raise_if_any(self.name)
            # Where our clock is behind Google's, the window ends within a day that the export has long gone past.
            until = asked.start if newest is None else min(asked.end, newest - source.settles)
            complete = {day for day in days if asked.start <= day and day + DAY <= until}
            self._reading = Reading(spans_of(complete, DAY), tuple(files), asking.requests, asking.cost)

    def probe(self) -> tuple[Need, ...]:
        """Describe the table, and have the query of its newest day checked without running it, which costs nothing."""
        source = self._source
        sees = f"bigquery.tables.get on {source.table}"
        runs = f"bigquery.jobs.create in {source.warehouse.project}"
        reads = f"bigquery.tables.getData on {source.table}"
        try:
            with source.opened() as asking:
                table = asking.table(source.table)
        except CollectError as error:
            return (Need(sees, str(error)),)
        now = source.settings.clock()
        try:
            with source.opened() as asking:
                asking.dry_run(rows_query(table, Window(now - DAY, now)), table.name)
        except CollectError as error:
            may_run = "jobs.create permission" not in str(error)
            return (
                (Need(sees), Need(runs), Need(reads, str(error))) if may_run else (Need(sees), Need(runs, str(error)))
            )
        return (Need(sees), Need(runs), Need(reads))

    def _read(self, asking: Asking, table: ExportTable, piece: Window, read: "_Read") -> Iterator[pa.RecordBatch]:
        """Read a piece page by page; after the first problem it is only looked through for more."""
        first_row = 1
        for page in asking.pages(rows_query(table, piece), table.name):
            count = len(page["number"])
            block = Block(read.place, first_row, count, page)
            first_row += count
            for rows in convert_page(table.layout, page, block, self.name, read.problems):
                read.totals.add(rows)
                read.days.update(rows.periods)
                if not len(read.problems):
                    yield rows.batch


@dataclass(frozen=True)
class _Read:
    """What was read of a piece so far: its totals, the days of all pieces, and what is wrong with them."""

    place: str
    totals: Totals
    days: set[datetime]
    problems: Problems


def _newest(asking: Asking, table: ExportTable, since: datetime) -> datetime | None:
    """Return when the newest row was exported; None where nothing was since then."""
    for page in asking.pages(newest_query(table, since), table.name):
        for micros in page["newest"].drop_null().to_pylist():
            return datetime.fromtimestamp(int(micros) // 1_000_000, UTC)
    return None


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%HZ}"
