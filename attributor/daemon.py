"""The daemon: cycles by the clock while it leads, pages and the ingest API all the time, a clean stop."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock

from alerts.alert import Findings
from alerts.delivery import deliver
from alerts.pipeline import process
from attributor.app.budgeting import teams_in_use
from attributor.app.errors import ClusterError, StoreError
from attributor.app.failures import ledger_failures
from attributor.app.lake_failures import lake_failures
from attributor.app.listening import listening
from attributor.app.looking import QuickLook
from attributor.app.pages import build_metrics, build_pages, open_event_log
from attributor.app.reload import reloaded
from attributor.app.slack_socket import sockets_open
from attributor.app.stamps import Stamp
from attributor.app.statement_post import statement_post
from attributor.app.stopped_server import StoppedServer
from attributor.app.upkeep import maintained
from attributor.app.wiring import App, open_duckdb, surroundings, works
from attributor.config.settings import StoreSettings
from attributor.jobs.cycle import due_sources
from attributor.jobs.leadership import Leadership, renewed
from attributor.jobs.sampling import Sampler
from attributor.jobs.schedule import Job, scheduled
from attributor.jobs.statement_delivery import deliver_statements
from attributor.jobs.stopping import Interruptible, StopRequestedError, stop_signals
from attributor.jobs.work import CycleReport, run_cycle
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.lease import Lease, LeaseLostError
from attributor.ledger.sources import source_states
from attributor.metrics.registry import Metrics, observed
from attributor.watching.digests import tell_digests
from attributor.watching.policy import policy_of
from attributor.watching.watch import keep_time
from collectors.push.log import EventLog

logger = logging.getLogger(__name__)
_TRY_AGAIN = timedelta(minutes=5)
"""After this a source that failed for a reason that may pass is read again, however seldom it is read."""


@dataclass(frozen=True)
class Intervals:
    """How often the daemon looks for what is due, for messages to send, whether a source wants to be looked at, at
    what was pushed, for statements to send, and for reports to read before anybody asks for them.
    """

    cycle: timedelta = timedelta(seconds=20)
    delivery: timedelta = timedelta(seconds=15)
    sampling: timedelta = timedelta(seconds=5)
    looking: timedelta = timedelta(seconds=10)
    statements: timedelta = timedelta(minutes=1)
    warming: timedelta = timedelta(seconds=10)


USUAL = Intervals()


class Daemon:
    """What runs by the clock. One cycle at a time; a standby does nothing but answer pages."""

    def __init__(self, app: App, leadership: Leadership, log: EventLog | None, asked: Event) -> None:
        self.app = app
        self._leadership = leadership
        self._log = log
        self._asked = asked
        self._working = Lock()
        self._telling = Lock()
        self._rests_until: datetime | None = None
        self._sampler = Sampler()
        self._quick = QuickLook()
        self._finished: tuple[int, Mapping[Path, Stamp]] | None = None

    def cycle(self) -> CycleReport | None:
        """Collect what is due and do all that follows from it; None where nothing is to do or another leads.

        What follows is done without a due source, too, where an earlier leader may have left it half way, the last
        cycle failed, or the configuration changed.
        """
        with self._working:
            self.app = reloaded(self.app)
            lease = self._leadership.ensure()
            if lease is None:
                return None
            names, state = self._due(), (lease.epoch, self.app.stamps)
            if not names and state == self._finished:
                return None
            self._finished = None
            report = self._run(lease, names)
            self._finished = None if report is None else state
            return report

    def _run(self, lease: Lease, names: Sequence[str]) -> CycleReport | None:
        around = surroundings(self.app)
        due = replace(around, collectors={name: around.collectors[name] for name in names}, telling=self._telling)
        try:
            with open_duckdb() as connection:
                return run_cycle(works(self.app, lease, connection), due, lambda _title: Interruptible(self._asked))
        except LeaseLostError as error:
            logger.warning("%s; standing by", error)
            self._leadership.renew()
        except StopRequestedError:
            logger.info("asked to end; what is not done yet is done at the next start")
        return None

    def deliver(self) -> None:
        """Do what time brings to alerts, and send what is due: neither waits for the next cycle."""
        self._tell(None)

    def look(self) -> None:
        """Look at what was pushed since the last cycle, and tell at once whose spend runs away."""
        if self._leadership.ensure() is None:
            return
        found = self._quick.look(self.app)
        if found is not None:
            self._tell(found)

    def _keep_time(self, app: App, log: LedgerAlertLog) -> None:
        """Do what time brings, seldom where thousands of alerts stand: at most a fiftieth of the time goes into it."""
        now, settings = app.clock(), app.settings.alerts
        if self._rests_until is not None and now < self._rests_until:
            return
        keep_time(app.engine, settings, log, now)
        tell_digests(app.engine, settings.digests, teams_in_use(app.engine, app.settings), log, now)
        ended = app.clock()
        self._rests_until = ended + 50 * (ended - now)

    def _tell(self, found: Findings | None) -> None:
        """Take findings, or the time alone, through the alert path, and send what is due."""
        with self._telling:
            lease = self._leadership.ensure()
            if lease is None:
                return
            app = self.app
            settings, log, now = app.settings.alerts, replace(app.alert_log, lease=lease), app.clock()
            try:
                if found is None:
                    self._keep_time(app, log)
                else:
                    process((found,), log, policy_of(app.engine, settings, now), now)
            except LeaseLostError as error:
                logger.warning("%s; standing by", error)
                self._leadership.renew()
                return
            deliver(app.alert_log, app.channels, app.clock)

    def send_statements(self) -> None:
        """Send the statements of months that were closed, and drafts, where the configuration says so."""
        if self.app.settings.statements.deliver and self._leadership.ensure() is not None:
            deliver_statements(statement_post(self.app))

    def sample(self) -> None:
        """Look at sources that show the present alone, also while standing by: who takes over then knows this day."""
        self._sampler.look(self.app.collectors)

    def maintain(self) -> None:
        """Vacuum the lake, never past a version still in use, and drop events that are past their keeping."""
        with self._working:
            if self._leadership.ensure() is not None:
                maintained(self.app)
            if self._log is not None:
                self._log.trim(self.app.clock().date())

    def _due(self) -> list[str]:
        states = source_states(self.app.engine)
        tried = {name: state.tried_at for name, state in states.items()}
        passing = {name for name, state in states.items() if state.error and not state.error_is_permanent}
        every = {
            source.name: min(source.every, _TRY_AGAIN) if source.name in passing else source.every
            for source in self.app.settings.sources
        }
        return due_sources(tried, every, self.app.clock())


def serve(app: App, started: Callable[[], None], intervals: Intervals = USUAL) -> None:
    """Run until SIGTERM or SIGINT: then finish the request and the piece of work at hand, give the lease back, return.

    `started` is called once nothing stands in the way any more.
    Work that does not come to the end of a piece, because a provider does not answer, is left: without the lease it
    can publish nothing. Raises ConfigurationError where the port or the event log is another process's.
    """
    asked = Event()
    with stop_signals(asked):
        with ExitStack() as stack:
            log = stack.enter_context(open_event_log(app))
            sockets = stack.enter_context(listening(app.settings))
            leadership = Leadership(app.engine, app.holder, app.clock)
            stack.enter_context(renewed(leadership))
            daemon = Daemon(app, leadership, log, asked)
            metrics = build_metrics(app, lambda: daemon.app.settings)
            pages = build_pages(app, lambda: daemon.app, metrics, log)
            stack.enter_context(sockets_open(app))
            ending = stack.enter_context(scheduled(_jobs(daemon, pages.warm, metrics, intervals), app.clock(), asked))
            started()
            StoppedServer(pages.site, asked).run(sockets)
        if ending.is_alive():
            logger.warning("a piece of work did not end; it is left, and done again at the next start")
            os._exit(0)  # a thread that waits for the network cannot be ended, and would keep the process


def _jobs(daemon: Daemon, warm: Callable[[], None], metrics: Metrics, intervals: Intervals) -> tuple[Job, ...]:
    jobs: Mapping[str, tuple[Callable[[], object], timedelta | None]] = {
        "cycle": (daemon.cycle, intervals.cycle),
        "deliver": (daemon.deliver, intervals.delivery),
        "sample": (daemon.sample, intervals.sampling),
        "look": (daemon.look, intervals.looking),
        "statements": (daemon.send_statements, intervals.statements),
        "warm": (warm, intervals.warming),
        "maintain": (daemon.maintain, None),
    }
    store = daemon.app.settings.store
    return tuple(Job(name, _counted(metrics, name, job, store), every) for name, (job, every) in jobs.items())


def _counted(metrics: Metrics, name: str, job: Callable[[], object], store: StoreSettings) -> Callable[[], None]:
    """Count what becomes of a job; a store or cluster that is away is a line in the log and tried again next time."""

    def run() -> None:
        try:
            with observed(metrics, name), ledger_failures(store.ledger), lake_failures(store.lake):
                job()
        except (StoreError, ClusterError) as error:
            logger.error("%s: %s", name, error)

    return run
