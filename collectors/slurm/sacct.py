"""The collector type `slurm`: GPU hours of batch jobs, asked of `sacct` or read from its output."""

import hashlib
import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from collectors.api.by_window import AskedByWindow
from collectors.api.rows import converted
from collectors.api.windows import DAY, HOUR, floored, whole
from collectors.base import (
    CollectError,
    Collector,
    CollectorType,
    Need,
    Option,
    Reading,
    SourceSettings,
    Window,
)
from collectors.files.rows import Totals
from collectors.options import duration, option_texts
from collectors.problems import Problems
from collectors.slurm.jobs import COLUMNS, Job, by_hour, hour_rows, read_jobs

_OPTIONS = (
    Option("command", "How sacct is called; its arguments are added.", "ssh login.hpc sacct", default="sacct"),
    Option("path", "A file with sacct's output, in place of calling it.", "jobs.txt", kind="path"),
    Option("pool", "The pool of these GPUs; without it the source's name.", "hpc"),
    Option("backfill", "How far back the first reading goes, to whole days.", "13mo", kind="duration", default="31d"),
    Option("restates", "How late Slurm may tell of a job.", "2d", kind="duration", default="1d"),
    Option("timeout", "How long sacct may take.", "10m", kind="duration", default="2m"),
)
_SHOWN = 300


@dataclass(frozen=True)
class _Source:
    settings: SourceSettings
    command: tuple[str, ...]
    path: str | None
    pool: str
    backfill: timedelta
    restates: timedelta
    timeout: timedelta


class SlurmCollector(AskedByWindow):
    """The Collector of GPU hours that jobs held."""

    def __init__(self, source: _Source) -> None:
        super().__init__(source.settings, "usage", source.backfill, source.restates)
        self._source = source

    @property
    def holds_everything(self) -> bool:
        """Whether it is a file; sacct is asked for a window at a time."""
        return self._source.path is not None

    def revision(self) -> str | None:
        """Return a digest of the file, with the hour while jobs run; None where sacct is asked."""
        if self._source.path is None:
            return None
        hour = floored(self._source.settings.clock(), HOUR)
        return hashlib.sha256(f"{hour:%Y-%m-%dT%H} {self._file(self._source.path)}".encode()).hexdigest()

    def collect(self, window: Window | None) -> Iterator[pa.RecordBatch]:
        """Yield the usage of the hours in the window that are over; raises CollectError."""
        self._reading = None
        source, problems, totals = self._source, Problems(), Totals()
        now = source.settings.clock()
        if source.path is None:
            span = whole(window or Window(floored(now - source.backfill, DAY), now), HOUR, now)
            place = source.command[0]
            jobs = read_jobs(self._asked(span), place, problems) if span.start < span.end else []
        else:
            place = source.path
            jobs = read_jobs(self._file(place), place, problems)
            span = whole(window or _span_of(jobs, now), HOUR, now)
        problems.raise_if_any(self.name)
        held = by_hour(jobs, span)
        for hour in sorted(held):
            rows_of_hour = list(hour_rows(held[hour], hour, source.pool))
            rows = converted("usage", self.name, f"{place} {hour:%Y-%m-%dT%HZ}", rows_of_hour, problems)
            if rows is not None:
                totals.add(rows)
                yield rows.batch
        problems.raise_if_any(self.name)
        coverage = (span,) if span.start < span.end else ()
        self._reading = Reading(coverage, (totals.file_read(place),), requests=int(source.path is None))

    def probe(self) -> tuple[Need, ...]:
        """Ask for the jobs of the newest whole hour, or read the file."""
        source, problems = self._source, Problems()
        hour = floored(source.settings.clock(), HOUR)
        permission = f"{source.command[0]} for all users" if source.path is None else f"reading {source.path}"
        try:
            text = self._asked(Window(hour - HOUR, hour)) if source.path is None else self._file(source.path)
            read_jobs(text, source.path or source.command[0], problems)
            problems.raise_if_any(self.name)
        except CollectError as error:
            return (Need(permission, str(error)),)
        return (Need(permission),)

    def _asked(self, span: Window) -> str:
        source = self._source
        # In UTC, which TZ makes sacct take and give; one that is reached by ssh needs to be told so there.
        arguments = [
            *("--allusers", "--allocations", "--duplicates", "--parsable2", f"--format={','.join(COLUMNS)}"),
            *(f"--starttime={span.start:%Y-%m-%dT%H:%M:%S}", f"--endtime={span.end:%Y-%m-%dT%H:%M:%S}"),
        ]
        command = [*source.command, *arguments]
        environment = {**os.environ, "SLURM_TIME_FORMAT": "%s", "TZ": "UTC"}
        try:
            done = subprocess.run(  # noqa: S603 — the command is the configuration's own, and no shell reads it
                command, env=environment, capture_output=True, timeout=source.timeout.total_seconds(), check=False
            )
        except OSError as error:
            raise CollectError(f"{command[0]} cannot be called: {error.strerror}", permanent=True) from error
        except subprocess.TimeoutExpired as error:
            raise CollectError(f"{command[0]} did not end within {source.timeout}", permanent=False) from error
        if done.returncode:
            said = " ".join(done.stderr.decode("utf-8", "replace").split())[:_SHOWN]
            raise CollectError(f"{command[0]} ended with {done.returncode}: {said}", permanent=False)
        return _decoded(done.stdout, command[0])

    def _file(self, path: str) -> str:
        try:
            return _decoded((self._source.settings.folder / path).read_bytes(), path)
        except OSError as error:
            raise CollectError(f"{path} cannot be read: {error.strerror}", permanent=True) from error


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CollectError(f"{place} gave what is no UTF-8: {error.reason}", permanent=True) from error


def _span_of(jobs: list[Job], now: datetime) -> Window:
    """Return the hours from the first job to the end of the last, and to now where one runs."""
    if not jobs:
        return Window(now, now)
    end = max(job.end or now for job in jobs)
    return Window(floored(min(job.start for job in jobs), HOUR), floored(end + HOUR, HOUR))


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    try:
        command = tuple(shlex.split(texts["command"]))
    except ValueError as error:
        raise ValueError(f"command: {texts['command']!r} is no command: {error}") from error
    if not command:
        raise ValueError("command is empty; write for example command: sacct")
    return SlurmCollector(
        _Source(
            settings,
            command,
            texts.get("path"),
            texts.get("pool", settings.name),
            *(duration(name, texts[name]) for name in ("backfill", "restates", "timeout")),
        )
    )


TYPE = CollectorType(
    name="slurm",
    table="usage",
    summary="GPU hours of batch jobs by Slurm's accounting, from sacct or a file of its output.",
    options=_OPTIONS,
    build=_build,
)
