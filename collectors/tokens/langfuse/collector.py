"""The Collector of Langfuse's export files: read whole or refused whole, each observation once."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from collectors.api.rows import Row, converted
from collectors.base import CollectError, FileRead, Need, Reading, RowProblem, TableName, Window
from collectors.files.block import UnreadableError
from collectors.files.collector import FileSource, listed
from collectors.last_reading import LastReading
from collectors.place import Place
from collectors.places import opened, probe_path, revision_of
from collectors.problems import Problems
from collectors.tokens.langfuse.observations import (
    Observation,
    ObservationError,
    Sorting,
    choose_fields,
    observation_of,
)
from collectors.tokens.langfuse.reading import SUFFIXES, read_records
from collectors.tokens.langfuse.spool import HourOfCaller, Spool, opened_spool
from collectors.usage.rows import covered_hours

_OTHERS = frozenset({"manifests", "scores", "traces"})
"""Folders of an export that hold no observations."""


class ObservationsCollector(LastReading):
    """Usage by the hour of the observations in all files of a source."""

    def __init__(self, source: FileSource, sorting: Sorting) -> None:
        self._source = source
        self._sorting = sorting

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._source.name

    @property
    def table(self) -> TableName:
        """Which of the two tables it writes."""
        return "usage"

    @property
    def restates(self) -> timedelta:
        """Files are read whole whenever they change, so nothing is asked for again."""
        return self._source.restates

    @property
    def holds_everything(self) -> bool:
        """The files are the whole truth."""
        return True

    def revision(self) -> str:
        """Return the digest of the files; raise CollectError where listing fails."""
        return revision_of(self._places())

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the usage of the hours that start in the window; raise CollectError, with all problems of all files."""
        self._reading = None
        places = self._places()
        if not places:
            paths = ", ".join(path.partition("?")[0] for path in self._source.paths)
            raise CollectError(f"{self.name}: there is no file at {paths}", permanent=True)
        problems, rows, hours = Problems(), Counter[int](), set[datetime]()
        with tempfile.TemporaryDirectory(prefix="attributor-") as folder, opened_spool(Path(folder)) as spool:
            for number, place in enumerate(places):
                rows[number] = self._read(number, place, spool, problems)
            problems.raise_if_any(self.name)
            for number, found in groupby(spool.hours(), key=lambda one: one.place):
                of_place = list(found)
                hours |= {one.hour for one in of_place}
                yield from self._batch(places[number].name, of_place, window, problems)
        problems.raise_if_any(self.name)
        files = tuple(FileRead(place.name, rows[number]) for number, place in enumerate(places))
        self._reading = Reading(covered_hours(hours), files)

    def probe(self) -> tuple[Need, ...]:
        """Try what reading each path needs."""
        source = self._source
        return tuple(need for path in source.paths for need in probe_path(path, source.folder, SUFFIXES, source.access))

    def _places(self) -> tuple[Place, ...]:
        """Return the files, by name: of an export in the old and in the new form the new one comes last, and stands."""
        return tuple(place for place in listed(self._source, SUFFIXES) if not _OTHERS & set(place.name.split("/")[:-1]))

    def _read(self, number: int, place: Place, spool: Spool, problems: Problems) -> int:
        """Read one file into the spool; return how many observations it has."""
        found = Counter[str]()
        with opened(place, self._source.access) as path:
            try:
                spool.add(number, self._observations(path, place, found, problems))
            except UnreadableError as error:
                problems.add(place.name, str(error))
        return found["rows"]

    def _observations(self, path: Path, place: Place, found: Counter[str], problems: Problems) -> Iterator[Observation]:
        for row, record in read_records(path, place.name, choose_fields, problems):
            found["rows"] += 1
            try:
                observation = observation_of(record, self._sorting)
            except ObservationError as error:
                problems.add_value(RowProblem(place.name, row, error.field, error.value, str(error)))
                continue
            if observation is not None:
                yield observation

    def _batch(
        self, place: str, found: list[HourOfCaller], window: Window | None, problems: Problems
    ) -> Iterator[pa.RecordBatch]:
        within = [one for one in found if window is None or window.start <= one.hour < window.end]
        rows = [row for one in within for row in self._rows(one)]
        batch = converted("usage", self.name, place, rows, problems)
        if batch is not None:
            yield batch.batch

    def _rows(self, found: HourOfCaller) -> Iterator[Row]:
        facts = dict(zip(self._sorting.names, found.who, strict=True))
        for metric, count in found.counts.items():
            yield {"hour": found.hour, "metric": metric, "quantity": count, **facts}
