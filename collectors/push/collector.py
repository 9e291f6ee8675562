"""The push source: what the event log holds, as usage by the hour."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import (
    CollectError,
    Collector,
    CollectorType,
    FileRead,
    Reading,
    SourceSettings,
    TableName,
    Window,
)
from collectors.push.hours import SegmentSums, facts_maps, finished_sums, merged, present_sums, within
from collectors.push.options import OPTIONS, log_folder, log_settings, otlp_choice, otlp_facts
from collectors.push.records import CorruptLogError
from collectors.push.segments import floor, segments, whole_length
from collectors.schema import TAGS, TEXT, USAGE

_ROWS_A_BATCH = 65_536


class PushCollector:
    """Reads the log that the web API writes, also while it is written and from another process.

    `collect` gives every day that the window touches whole, so that a day can be replaced by what it gives; a day of
    which something was deleted is left out. A sender that sends nothing used nothing: the covered time runs from the
    hour of the first event to the hour that is not yet over, whose events are given as well.
    """

    def __init__(self, settings: SourceSettings) -> None:
        """Raise ValueError where an option's value is wrong."""
        self._name = settings.name
        self._folder = log_folder(settings)
        self._keep = log_settings(settings).keep
        otlp_facts(settings)  # so that `check` tells what is wrong with them
        otlp_choice(settings)
        self._clock = settings.clock
        self._reading = Reading((), ())

    @property
    def name(self) -> str:
        """The name under `sources:`."""
        return self._name

    @property
    def table(self) -> TableName:
        """Always usage."""
        return "usage"

    @property
    def restates(self) -> timedelta:
        """How late an event may come."""
        return self._keep

    @property
    def holds_everything(self) -> bool:
        """False: days are deleted from the log in the end."""
        return False

    def revision(self) -> str | None:
        """Return a digest of the segments' names and lengths; raise CollectError."""
        try:
            found = segments(self._folder)
            lengths = [path.stat().st_size for path in found[:-1]] + [whole_length(path) for path in found[-1:]]
            parts = [f"{path.name} {length}" for path, length in zip(found, lengths, strict=True)]
            return sha256("\n".join([floor(self._folder).isoformat(), *parts]).encode()).hexdigest()
        except (OSError, CorruptLogError) as error:
            raise _collect_error(error) from error

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the usage of every UTC day that the window touches, quantities summed; raise CollectError."""
        now = self._clock()
        try:
            parts = _sums(self._folder)
            # Read last: a day that begins to be deleted meanwhile must not be taken for whole.
            oldest = datetime.combine(floor(self._folder), time(), UTC)
        except (OSError, CorruptLogError) as error:
            raise _collect_error(error) from error
        start, end = (oldest, datetime.max.replace(tzinfo=UTC)) if window is None else _whole_days(window)
        start = max(start, oldest)
        yield from self._rows(merged([within(part.rows, start, end) for part in parts]))
        self._reading = Reading(
            _covered(parts, oldest, Window(start, end), now),
            tuple(FileRead(str(part.segment), pc.sum(part.rows["events"]).as_py() or 0) for part in parts),
        )

    def reading(self) -> Reading:
        """Return what the last exhausted `collect` covered, and how many events each segment holds."""
        return self._reading

    def _rows(self, sums: pa.Table) -> Iterator[pa.RecordBatch]:
        for chunk in sums.to_batches(max_chunksize=_ROWS_A_BATCH):
            columns = {
                "hour": chunk["hour"],
                "metric": chunk["metric"],
                "pool": chunk["pool"],
                "quantity": chunk["quantity"],
                "facts": pa.array(list(facts_maps(chunk["facts"])), TAGS),
                "x_Source": pa.repeat(pa.scalar(self._name, TEXT), chunk.num_rows),
                "x_Origin": pa.array([f"push: {count} events" for count in chunk["events"].to_pylist()], TEXT),
                "x_Day": chunk["hour"].cast(pa.timestamp("us")).cast(pa.date32()),
            }
            yield pa.record_batch([columns[name] for name in USAGE.names], schema=USAGE)


def _sums(folder: Path) -> list[SegmentSums]:
    found = segments(folder)
    return [finished_sums(path) for path in found[:-1]] + [present_sums(path) for path in found[-1:]]


def _whole_days(window: Window) -> tuple[datetime, datetime]:
    start = datetime.combine(window.start.astimezone(UTC).date(), time(), UTC)
    end = datetime.combine(window.end.astimezone(UTC).date(), time(), UTC)
    return start, end if end >= window.end else end + timedelta(days=1)


def _covered(parts: list[SegmentSums], oldest: datetime, asked: Window, now: datetime) -> tuple[Window, ...]:
    hours = [pc.min(within(part.rows, oldest, now)["hour"]).as_py() for part in parts]
    known = [hour for hour in hours if hour is not None]
    if not known:
        return ()
    start = max(asked.start, min(known))
    end = min(asked.end, now.replace(minute=0, second=0, microsecond=0))
    return (Window(start, end),) if start < end else ()


def _collect_error(error: Exception) -> CollectError:
    # A segment may be deleted between being listed and being read; the next reading finds the rest.
    permanent = isinstance(error, CorruptLogError | PermissionError)
    return CollectError(f"the usage log cannot be read: {error}", permanent=permanent)


def _build(settings: SourceSettings) -> Collector:
    return PushCollector(settings)


TYPE = CollectorType(
    name="push",
    table="usage",
    summary="Usage events that gateways send to POST /api/v1/usage",
    options=OPTIONS,
    build=_build,
)
