"""Jobs by the clock, each in a thread and never twice at once, and an end that does not wait for ever."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

_PATIENCE = timedelta(seconds=15)
_NIGHTLY = {"hour": 3, "minute": 17}
"""UTC; when hardly anyone looks, and not on the hour."""


@dataclass(frozen=True)
class Job:
    """What is run at once and then every so often; `every` None is once a night."""

    name: str
    run: Callable[[], None]
    every: timedelta | None = None


@contextmanager
def scheduled(jobs: Sequence[Job], now: datetime, asked: Event) -> Iterator[Thread]:
    """Run the jobs in the background during the block; `now` is aware UTC.

    At the end `asked` is set, for jobs that look at it, and those that run are waited for, but not for ever: the
    yielded thread still lives afterwards where one of them does not end.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(len(jobs))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in jobs:
        if job.every is None:
            scheduler.add_job(job.run, "cron", **_NIGHTLY, id=job.name)
        else:
            scheduler.add_job(job.run, "interval", seconds=job.every.total_seconds(), next_run_time=now, id=job.name)
    ending = Thread(target=scheduler.shutdown, name="ending", daemon=True)
    scheduler.start()
    try:
        yield ending
    finally:
        asked.set()
        ending.start()
        ending.join(_PATIENCE.total_seconds())
