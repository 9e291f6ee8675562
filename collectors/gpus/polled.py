"""GPUs of a source that shows the present alone: looked at once a time slot, told of when the hour is over."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from collectors.api.windowed import Answered, WindowedCollector, WindowedSource
from collectors.api.windows import DAY, HOUR, floored
from collectors.base import CollectError, Need, Option, SourceSettings, Window
from collectors.gpus.hours import Limits
from collectors.gpus.options import limits_of, step_of
from collectors.gpus.rows import answered_hour
from collectors.gpus.samples import (
    BySlot,
    DamagedSamplesError,
    Look,
    append,
    note_first_reading,
    read_hours,
    whole_since,
)
from collectors.gpus.series import Series
from collectors.options import duration

POLLED_OPTIONS = (
    Option("step", "The time slot: each is looked at once.", "30s", kind="duration", default="1m"),
    Option("path", "The folder in which what was seen is kept.", "data/gpus", kind="path", default="data/gpus"),
    Option("keep", "How long it is kept, in whole days.", "14d", kind="duration", default="7d"),
    Option("every", "How often whole hours go into the lake.", "15m", kind="duration", default="5m"),
)
_AT_ONCE = 16


@dataclass(frozen=True)
class Targets:
    """What is looked at: names, how one is looked at, and how what was seen is read.

    `look` returns values as text by series and raises CollectError; `read` makes series of what was seen in an hour.
    `permission` is what looking needs.
    """

    names: tuple[str, ...]
    shown: str
    permission: str
    look: Callable[[str], Mapping[str, str]]
    read: Callable[[BySlot], Iterator[Series]]


@dataclass(frozen=True)
class Keeping:
    """How often is looked, where what was seen is kept, how long, and from when on a GPU counts as computing."""

    step: timedelta
    folder: Path
    keep: timedelta
    limits: Limits


def keeping_of(settings: SourceSettings, texts: Mapping[str, str]) -> Keeping:
    """Read `POLLED_OPTIONS` and the limits; raise ValueError where one is wrong."""
    keep = duration("keep", texts["keep"])
    if keep % DAY or not 2 * DAY <= keep <= 3660 * DAY:
        raise ValueError(f"keep: {texts['keep']} is not a whole number of days, at least 2d")
    folder = settings.folder / texts["path"] / settings.name
    return Keeping(step_of(texts["step"]), folder, keep, limits_of(texts))


@dataclass(frozen=True)
class _Looked:
    """How many looks a reading took; they cost nothing."""

    requests: int
    cost: Decimal = Decimal(0)


class PolledCollector(WindowedCollector[_Looked]):
    """The Collector of what was seen; it is also looked at between readings (`Sampling`)."""

    def __init__(self, settings: SourceSettings, targets: Targets, keeping: Keeping) -> None:
        self._clock = settings.clock
        self._targets = targets
        self._keeping = keeping
        self._looked_at: dict[str, datetime] = {}
        super().__init__(
            WindowedSource(
                settings,
                "usage",
                targets.shown,
                self._looking,
                self._hours,
                (targets.permission,),
                unit=HOUR,
                piece=DAY,
                backfill=keeping.keep,
                restates=timedelta(),
                settles=timedelta(),
            )
        )

    def sample(self) -> None:
        """Look at every target whose time slot has no look yet, and keep what is seen.

        Raises CollectError where a target showed nothing; what others showed is kept.
        """
        slot = floored(self._clock(), self._keeping.step)
        names = [name for name in self._targets.names if self._looked_at.get(name) != slot]
        if not names:
            return
        with ThreadPoolExecutor(min(_AT_ONCE, len(names))) as pool:
            found = list(pool.map(self._look, names))
        looks = [one for one in found if isinstance(one, Look)]
        with _log_failures():
            append(self._keeping.folder, looks, self._keeping.step, self._keeping.keep)
        self._looked_at.update({look.target: floored(look.at, self._keeping.step) for look in looks})
        _raise_together([one for one in found if isinstance(one, CollectError)])

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the usage of the hours in the window that are over and in which something was seen.

        Raises CollectError, also where nothing can be seen now and was not in the newest hour.
        """
        with _log_failures():
            now = self._clock()
            failure = self._failure()
            if failure is not None and not self._newest(now):
                raise failure
            if window is None or window.start <= floored(now - self._keeping.keep, DAY):
                note_first_reading(self._keeping.folder)
        yield from super().collect(window)

    def probe(self) -> tuple[Need, ...]:
        """Look at every target; nothing is kept."""
        found = [self._look(name) for name in self._targets.names]
        problems = [str(seen) if isinstance(seen, CollectError) else None for seen in found]
        return tuple(Need(self._targets.permission, problem) for problem in problems)

    def _failure(self) -> CollectError | None:
        try:
            self.sample()
        except CollectError as error:
            return error
        return None

    def _newest(self, now: datetime) -> bool:
        """Tell whether something was seen in the newest hour that is over."""
        end = floored(now, HOUR)
        newest = read_hours(self._keeping.folder, Window(end - HOUR, end), self._keeping.step)
        return next(newest, None) is not None

    def _look(self, name: str) -> Look | CollectError:
        at = self._clock()
        try:
            return Look(at, name, self._targets.look(name))
        except CollectError as error:
            return error

    @contextmanager
    def _looking(self) -> Iterator[_Looked]:
        yield _Looked(len(self._targets.names))

    def _hours(self, _looked: _Looked, piece: Window) -> Iterator[Answered]:
        keeping = self._keeping
        with _log_failures():
            since = whole_since(keeping.folder)
            for hour, seen in read_hours(keeping.folder, piece, keeping.step):
                if hour.start >= since:
                    yield from answered_hour(hour, self._targets.read(seen), keeping.step, keeping.limits)


@contextmanager
def _log_failures() -> Iterator[None]:
    """Turn what goes wrong with the log of samples into a CollectError."""
    try:
        yield
    except DamagedSamplesError as error:
        raise CollectError(str(error), permanent=True) from error
    except OSError as error:
        raise CollectError(f"what was seen cannot be kept: {error}", permanent=False) from error


def _raise_together(failures: Sequence[CollectError]) -> None:
    """Raise one error that tells of all targets that showed nothing; do nothing where there are none."""
    if failures:
        told = "; ".join(str(failure) for failure in failures)
        raise CollectError(told, permanent=all(failure.permanent for failure in failures))
