"""A whole cycle, as the daemon and `attributor run` both do it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from threading import Lock

from alerts.channels.base import Channel
from alerts.delivery import DeliveryReport, deliver
from alerts.heartbeat import beat
from attributor.config.settings import AlertSettings
from attributor.ingest.progress import Progress
from attributor.jobs.attribution import attribute_outdated
from attributor.jobs.cycle import Collected, Works, collect, estimate_outdated
from attributor.ledger.alert_log import LedgerAlertLog
from attributor.ledger.runs import finish_run, start_run
from attributor.watching.hourly import KeptHours
from attributor.watching.watch import Watched, watch
from collectors.base import Collector

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What a cycle reads from and tells: sources, channels, the alert log, the limits of silence and the thresholds.

    `telling` is held by whoever sends: of two at once, one could overtake the other's message of the same group.
    `limited` are the sources whose limit of silence the user gave. `hours` is what earlier cycles read by the hour.
    """

    collectors: Mapping[str, Collector]
    channels: Mapping[str, Channel]
    alert_log: LedgerAlertLog
    silence_limits: Mapping[str, timedelta]
    alerts: AlertSettings
    telling: Lock = field(default_factory=Lock)
    limited: frozenset[str] = frozenset()
    hours: KeptHours = field(default_factory=KeptHours)


@dataclass(frozen=True)
class CycleReport:
    """What a cycle did.

    `estimated` are the days whose estimates changed, `corrected` days of closed months, `firing` the keys of the alerts
    that stand; `delivery` is what became of due messages.
    """

    collected: Collected
    estimated: tuple[date, ...]
    attributed: tuple[date, ...]
    corrected: tuple[date, ...]
    warnings: tuple[str, ...]
    firing: tuple[str, ...]
    delivery: DeliveryReport

    @property
    def failed(self) -> bool:
        """Whether a source failed."""
        return bool(self.collected.failures)

    @property
    def is_good(self) -> bool:
        """Whether every source could be read, and every message that was due was accepted."""
        return not self.failed and all(attempt.result == "sent" for attempt in self.delivery.attempts)


def run_cycle(works: Works, around: Surroundings, progress: Callable[[str], Progress]) -> CycleReport:
    """Collect the given sources, estimate and attribute what is out of date, watch, deliver; keep a record of the run.

    Raises LeaseLostError where another leader took over, and what `progress` raises: what was published before
    stands, nothing is half done.
    """
    run_id = start_run(works.engine, works.clock())
    collected = collect(works, around.collectors, progress)
    estimated = estimate_outdated(works, progress("estimate days"))
    attributed = attribute_outdated(works, progress("attribute days"))
    watched = Watched(
        *(works.engine, works.lake, works.connection, works.ruleset),
        *(around.silence_limits, around.alerts, around.limited),
        prices=works.prices,
        hours=around.hours,
    )
    watch(watched, replace(around.alert_log, lease=works.lease), works.clock())
    with around.telling:
        delivery = deliver(around.alert_log, around.channels, works.clock)
    states = around.alert_log.states().values()
    firing = tuple(sorted(state.alert.key for state in states if state.status != "resolved"))
    report = CycleReport(
        collected=collected,
        estimated=estimated.days,
        attributed=attributed.days,
        corrected=attributed.corrected,
        warnings=(*estimated.warnings, *attributed.warnings),
        firing=firing,
        delivery=delivery,
    )
    finish_run(works.engine, run_id, cycle_document(report), works.clock())
    if around.alerts.heartbeat is not None and report.is_good:
        missed = beat(around.alerts.heartbeat, works.clock())
        if missed:
            logger.warning("heartbeat: %s", missed)
    return report


def cycle_document(report: CycleReport) -> dict[str, object]:
    """Return the JSON document of a cycle."""
    return {
        "sources": [
            {"source": found.source, "rows": found.rows, "changed_days": [str(day) for day in found.changed]}
            for found in report.collected.ingested
        ],
        "failures": [
            {
                "source": failure.source,
                "error": failure.error,
                "permanent": failure.permanent,
                "problems": [str(problem) for problem in failure.problems],
            }
            for failure in report.collected.failures
        ],
        "estimated_days": [str(day) for day in report.estimated],
        "attributed_days": [str(day) for day in report.attributed],
        "corrected_days": [str(day) for day in report.corrected],
        "warnings": list(report.warnings),
        "alerts": list(report.firing),
        "messages": {result: len(report.delivery.having(result)) for result in ("sent", "postponed", "failed")},
    }
