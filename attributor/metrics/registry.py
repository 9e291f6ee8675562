"""The daemon's own metrics: a registry of its own, what jobs and the ingest API count, and the exposition."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from attributor.metrics.figures import read_figures
from attributor.metrics.ledger_collector import LedgerCollector
from attributor.metrics.outlook_collector import OutlookCollector, read_forecasts
from rules.ruleset import Team

_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True)
class Metrics:
    """Everything that is exposed, and what the program counts in it."""

    registry: CollectorRegistry
    job_runs: Counter
    job_duration: Histogram
    push_events: Counter


def build_registry(engine: Engine, clock: Callable[[], datetime], teams: Callable[[], Sequence[Team]]) -> Metrics:
    """Return the metrics of this process and of the ledger; `teams` returns the present ones, for their budgets."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(LedgerCollector(lambda now: read_figures(engine, now, teams()), clock))
    registry.register(OutlookCollector(lambda now: read_forecasts(engine, now), clock))
    return Metrics(
        registry=registry,
        job_runs=Counter("attributor_job_runs", "Runs of a job, by result", ["job", "result"], registry=registry),
        job_duration=Histogram(
            "attributor_job_duration_seconds", "How long a job ran", ["job"], registry=registry, buckets=_SECONDS
        ),
        push_events=Counter(
            "attributor_push_events", "Usage events that were sent to the ingest API", ["result"], registry=registry
        ),
    )


@contextmanager
def observed(metrics: Metrics, job: str) -> Iterator[None]:
    """Count and time a run of a job of ours; it failed where an exception passes."""
    began = time.monotonic()
    result = "failed"
    try:
        yield
        result = "succeeded"
    finally:
        metrics.job_runs.labels(job, result).inc()
        metrics.job_duration.labels(job).observe(time.monotonic() - began)


def count_push(metrics: Metrics, results: Mapping[str, int]) -> None:
    """Count what became of the events of one body, by result."""
    for result, count in results.items():
        metrics.push_events.labels(result).inc(count)


class _Exposed(Collector):
    """What a registry collects, without the `_created` gauges that would double the series of every counter."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


def render(metrics: Metrics) -> bytes:
    """Return the Prometheus text exposition, version 0.0.4, UTF-8."""
    return generate_latest(_Exposed(metrics.registry))
