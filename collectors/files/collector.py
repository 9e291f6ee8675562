"""A source that is files: listed, fingerprinted, read whole or refused whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import CollectError, FileRead, Need, Reading, TableName, Window
from collectors.files.reading import Layout, read_blocks
from collectors.files.rows import FileTable, Totals
from collectors.last_reading import LastReading
from collectors.place import Place
from collectors.places import list_places, opened, probe_path, revision_of
from collectors.problems import Problems
from collectors.schema import INSTANT
from collectors.storage.access import Access


@dataclass(frozen=True)
class FileSource:
    """One configured source of files; relative `paths` start at `folder`."""

    name: str
    paths: tuple[str, ...]
    folder: Path
    layout: Layout
    restates: timedelta
    access: Access = field(default_factory=Access)


@dataclass(frozen=True)
class Chosen:
    """Which files of a source count, and the spans that they tell wholly (see `Reading.whole`)."""

    places: tuple[Place, ...]
    whole: tuple[Window, ...] = ()


def every_file(source: FileSource) -> Chosen:
    """Return the files of all paths, each once, by name; raise CollectError where listing fails."""
    return Chosen(listed(source, source.layout.suffixes))


def listed(source: FileSource, suffixes: tuple[str, ...]) -> tuple[Place, ...]:
    """Return what all paths stand for, each file once, by name; of folders what ends in one of the suffixes."""
    found = {
        place.name: place
        for path in source.paths
        for place in list_places(path, source.folder, suffixes, source.access)
    }
    return tuple(found[name] for name in sorted(found))


class FileCollector(LastReading):
    """The Collector of a source of files, whichever table they hold.

    `collect` yields while it reads. Where a later row or file turns out broken it raises instead of ending, and the
    caller throws away what came before: a reading is whole or refused. `choose` tells which of the files count, where
    a provider keeps older deliveries beside the newest one.
    """

    def __init__(
        self, source: FileSource, table: FileTable, choose: Callable[[FileSource], Chosen] = every_file
    ) -> None:
        self._source = source
        self._table = table
        self._choose = choose

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._source.name

    @property
    def table(self) -> TableName:
        """Which of the two tables it writes."""
        return self._table.name

    @property
    def restates(self) -> timedelta:
        """How far back the provider changes what it said before."""
        return self._source.restates

    @property
    def holds_everything(self) -> bool:
        """The files are the whole truth."""
        return True

    def revision(self) -> str:
        """Return the digest of the files' names, sizes and times or ETags; raise CollectError where listing fails."""
        return revision_of(self._choose(self._source).places)

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows whose period starts in the window; control totals are of the whole files all the same.

        Raises CollectError, with all problems of all files, and where there is no file at all and nothing says that
        there should be none: an empty folder is rather a lost mount than a bill of nothing.
        """
        self._reading = None
        chosen = self._choose(self._source)
        if not chosen.places and not chosen.whole:
            raise CollectError(f"{self.name}: there is no file at {self._shown}", permanent=True)
        problems = Problems()
        periods: set[datetime] = set()
        files: list[FileRead] = []
        for place in chosen.places:
            totals = Totals()
            for batch in self._read(place, totals, periods, problems):
                yield _within(batch, self._table.time_column, window)
            files.append(totals.file_read(place.name))
        problems.raise_if_any(self.name)
        coverage = _clipped(self._table.coverage(periods), window)
        self._reading = Reading(coverage, tuple(files), whole=_clipped(chosen.whole, window))

    def probe(self) -> tuple[Need, ...]:
        """Try what reading each path needs."""
        source = self._source
        return tuple(
            need
            for path in source.paths
            for need in probe_path(path, source.folder, source.layout.suffixes, source.access)
        )

    @property
    def _shown(self) -> str:
        return ", ".join(path.partition("?")[0] if "://" in path else path for path in self._source.paths)

    def _read(
        self, place: Place, totals: Totals, periods: set[datetime], problems: Problems
    ) -> Iterator[pa.RecordBatch]:
        """Read one file; after the first problem it is only looked through for more."""
        with opened(place, self._source.access) as path:
            for block in read_blocks(path, place.name, self._source.layout, self._table.choose, problems):
                rows = self._table.convert(block, self.name, problems)
                if rows is None or len(problems):
                    continue
                totals.add(rows)
                periods |= rows.periods
                yield rows.batch


def _within(batch: pa.RecordBatch, column: str, window: Window | None) -> pa.RecordBatch:
    if window is None:
        return batch
    starts = batch.column(column)
    inside = pc.and_(
        pc.greater_equal(starts, pa.scalar(window.start, INSTANT)), pc.less(starts, pa.scalar(window.end, INSTANT))
    )
    return batch.filter(inside)


def _clipped(spans: tuple[Window, ...], window: Window | None) -> tuple[Window, ...]:
    if window is None:
        return spans
    cut = (Window(max(span.start, window.start), min(span.end, window.end)) for span in spans)
    return tuple(span for span in cut if span.start < span.end)
