"""The daemon: cycles by the clock while it leads, pages and the ingest API all the time, a clean stop."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Lock

import uvicorn
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from alerts.delivery import deliver
from attributor.app.pages import build_metrics, build_pages, open_event_log
from attributor.app.reload import reloaded
from attributor.app.upkeep import maintained
from attributor.app.wiring import App, open_duckdb, surroundings, works
from attributor.ingest.progress import Silent
from attributor.jobs.cycle import due_sources
from attributor.jobs.leadership import Leadership, renewed
from attributor.jobs.work import CycleReport, run_cycle
from attributor.ledger.lease import LeaseLostError
from attributor.ledger.sources import source_states
from attributor.metrics.registry import Metrics, observed
from collectors.push.log import EventLog

logger = logging.getLogger(__name__)
_CYCLE = timedelta(seconds=20)
_DELIVERY = timedelta(seconds=15)


class Daemon:
    """What runs by the clock. One cycle at a time; a standby does nothing but answer pages."""

    def __init__(self, app: App, leadership: Leadership, log: EventLog | None) -> None:
        self.app = app
        self._log = log
        self._started = app.clock()
        self._leadership = leadership
        self._working = Lock()

    def cycle(self) -> CycleReport | None:
        """Collect what is due and do all that follows from it; None where nothing is due or another leads."""
        with self._working:
            self.app = reloaded(self.app)
            lease = self._leadership.ensure()
            names = self._due()
            if lease is None or not names:
                return None
            around = surroundings(self.app)
            due = replace(around, collectors={name: around.collectors[name] for name in names})
            try:
                with open_duckdb() as connection:
                    return run_cycle(works(self.app, lease, connection), due, lambda _title: Silent())
            except LeaseLostError as error:
                logger.warning("%s; standing by", error)
                self._leadership.renew()
                return None

    def deliver(self) -> None:
        """Send what is due: a channel that was down is tried again without waiting for the next cycle."""
        if self._leadership.ensure() is not None:
            deliver(self.app.alert_log, self.app.channels, self.app.clock)

    def maintain(self) -> None:
        """Vacuum the lake, never past a version still in use, and drop events that are past their keeping."""
        with self._working:
            if self._leadership.ensure() is not None:
                maintained(self.app)
            if self._log is not None:
                self._log.trim(self.app.clock().date())

    def _due(self) -> list[str]:
        """Return the sources whose time has come: at the start all of them, whenever they were read before."""
        states = source_states(self.app.engine).items()
        tried = {name: state.tried_at for name, state in states if state.tried_at and state.tried_at >= self._started}
        every = {source.name: source.every for source in self.app.settings.sources}
        return due_sources(tried, every, self.app.clock())


def serve(app: App) -> None:
    """Run until SIGTERM or SIGINT: then finish the request and the job at hand, give the lease back and return."""
    leadership = Leadership(app.engine, app.holder, app.clock)
    with ExitStack() as stack:
        log = stack.enter_context(open_event_log(app))
        stack.enter_context(renewed(leadership))
        daemon = Daemon(app, leadership, log)
        metrics = build_metrics(app, lambda: daemon.app.settings)
        site = build_pages(app, lambda: daemon.app.settings, metrics, log)
        stack.enter_context(_scheduled(daemon, metrics))
        web = app.settings.web
        server = uvicorn.Server(
            uvicorn.Config(site, host=web.host, port=web.port, log_level="warning", timeout_graceful_shutdown=10)
        )
        with _signals_that_only_stop_the_server():
            server.run()


@contextmanager
def _scheduled(daemon: Daemon, metrics: Metrics) -> Iterator[None]:
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(3)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    now = daemon.app.clock()
    every = {"cycle": (daemon.cycle, _CYCLE), "deliver": (daemon.deliver, _DELIVERY)}
    for name, (job, interval) in every.items():
        counted = _counted(metrics, name, job)
        scheduler.add_job(counted, "interval", seconds=interval.total_seconds(), next_run_time=now, id=name)
    scheduler.add_job(_counted(metrics, "maintain", daemon.maintain), "cron", hour=3, minute=17, id="maintain")
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def _counted(metrics: Metrics, name: str, job: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with observed(metrics, name):
            job()

    return run


@contextmanager
def _signals_that_only_stop_the_server() -> Iterator[None]:
    """Uvicorn raises the signal again after its own stop; without this the rest would not be closed."""
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, _ignore) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: object) -> None:
    """Uvicorn has stopped the server already."""
