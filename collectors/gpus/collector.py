"""GPU usage from Prometheus, an hour at a time, once the hour is over."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from collectors.base import FileRead, Reading, SourceSettings, TableName, Window
from collectors.files.rows import spans_of
from collectors.gpus.hours import Limits, Measure, measure_hour
from collectors.gpus.owners import Owners, ask_owners
from collectors.gpus.queries import Asking, ask_piece, pieces_of
from collectors.gpus.series import Series
from collectors.http import connected
from collectors.schema import USAGE

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class GpuSource:
    """One configured Prometheus."""

    settings: SourceSettings
    asking: Asking
    backfill: timedelta
    restates: timedelta
    limits: Limits


class PrometheusCollector:
    """The Collector of GPU utilisation and GPU hours."""

    def __init__(self, source: GpuSource) -> None:
        self._source = source
        self._reading: Reading | None = None

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._source.settings.name

    @property
    def table(self) -> TableName:
        """It writes usage."""
        return "usage"

    @property
    def restates(self) -> timedelta:
        """How long samples may come late."""
        return self._source.restates

    @property
    def backfill(self) -> timedelta:
        """How far back the first reading goes."""
        return self._source.backfill

    @property
    def holds_everything(self) -> bool:
        """Prometheus forgets: it is asked for a window at a time."""
        return False

    def revision(self) -> None:
        """Return None: only asking can tell whether there is anything new."""

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the usage of the hours in the window that are over; None begins at the day `backfill` ago.

        Raises CollectError.
        """
        self._reading = None
        asking = self._source.asking
        covered: set[datetime] = set()
        rows = 0
        with connected(asking.server) as client:
            for piece in pieces_of(self._whole_hours(window), asking.step):
                series = ask_piece(client, asking, piece)
                owners = ask_owners(client, asking.server, asking.owners, piece) if series else Owners()
                batch = self._batch(series, owners, piece, covered)
                rows += batch.num_rows
                yield batch
        self._reading = Reading(spans_of(covered, _HOUR), (FileRead(asking.server.shown, rows),))

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered: the hours with a sample of any GPU."""
        if self._reading is None:
            raise RuntimeError("nothing was collected to the end yet")
        return self._reading

    def _whole_hours(self, window: Window | None) -> Window:
        now = _floor(self._source.settings.clock(), _HOUR)
        if window is None:
            return Window(_floor(now - self._source.backfill, _DAY), now)
        start = _floor(window.start + _HOUR - timedelta(microseconds=1), _HOUR)
        return Window(start, max(start, min(_floor(window.end, _HOUR), now)))

    def _batch(
        self, series: tuple[Series, ...], owners: Owners, piece: Window, covered: set[datetime]
    ) -> pa.RecordBatch:
        an_hour = _HOUR // self._source.asking.step
        rows: list[tuple[datetime, Measure]] = []
        for number in range((piece.end - piece.start) // _HOUR):
            hour = piece.start + number * _HOUR
            slots = range(number * an_hour, (number + 1) * an_hour)
            told = (owners.told(one, hour) for one in _within(series, slots))
            measures = list(measure_hour(told, an_hour, self._source.limits))
            rows += [(hour, measure) for measure in measures]
            if measures:
                covered.add(hour)
        return self._assembled(rows)

    def _assembled(self, rows: list[tuple[datetime, Measure]]) -> pa.RecordBatch:
        # By the hour, not by the piece: reading a day again must give the same rows.
        shown = self._source.asking.server.shown
        hours = pa.array([hour for hour, _ in rows], USAGE.field("hour").type)
        values = {
            "hour": hours,
            "metric": [measure.metric for _, measure in rows],
            "pool": [measure.pool for _, measure in rows],
            "quantity": [measure.quantity for _, measure in rows],
            "facts": [measure.facts for _, measure in rows],
            "x_Source": [self.name] * len(rows),
            "x_Origin": [f"{shown} {hour:%Y-%m-%dT%HZ}" for hour, _ in rows],
            "x_Day": hours.cast(pa.date32()),
        }
        arrays = [pa.array(values[field.name], field.type) for field in USAGE]
        return pa.RecordBatch.from_arrays(arrays, schema=USAGE)


def _within(series: tuple[Series, ...], slots: range) -> Iterator[Series]:
    for one in series:
        yield replace(one, percents={slot: one.percents[slot] for slot in slots if slot in one.percents})


def _floor(instant: datetime, length: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (instant - epoch) // length * length
