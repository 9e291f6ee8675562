"""Counters that only grow, and begin at nought when their server does: by how much, hour by hour, exactly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from collectors.values.amounts import exact_sum

HOUR = timedelta(hours=1)
REPLICA_LABELS = frozenset({"replica", "prometheus_replica", "__replica__"})
"""Labels that tell two Prometheus apart which scrape the same server."""

Sample = tuple[datetime, Decimal]
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Counter:
    """One series: its metric, its other labels, and its samples in the order of time."""

    metric: str
    labels: Labels
    samples: Sequence[Sample]

    @property
    def target(self) -> tuple[str, str]:
        """Who was scraped: job and instance."""
        return self.labels.get("job", ""), self.labels.get("instance", "")


def within(counter: Counter, hour: datetime) -> Counter | None:
    """Return what tells of one hour: its samples and those of the hour before; None where it has none of its own.

    The same hour gives the same, whatever longer span was asked for.
    """
    samples = [sample for sample in counter.samples if hour - HOUR <= sample[0] < hour + HOUR]
    return Counter(counter.metric, counter.labels, samples) if samples and samples[-1][0] >= hour else None


def begins(counter: Counter, hour: datetime) -> bool:
    """Tell whether a series of an hour has no earlier sample to count from."""
    return counter.samples[0][0] >= hour


def increase(counter: Counter, hour: datetime, *, from_nought: bool) -> Decimal:
    """Return by how much a counter grew in an hour: the steps between samples, each in the hour of the later one.

    A value below the one before it is a restart: what it shows was counted since. Of a series that begins in the hour
    the first value counts where it is known to begin `from_nought`, and is where counting starts otherwise.
    """
    steps = list[Decimal]()
    previous = Decimal(0) if from_nought and begins(counter, hour) else None
    for at, value in counter.samples:
        if previous is not None and at >= hour:
            steps.append(value - previous if value >= previous else value)
        previous = value
    return exact_sum(steps)


def without_replicas(counters: Iterable[Counter]) -> list[Counter]:
    """Return each series once: of those that replicas wrote alike the one with the most samples."""
    best: dict[tuple[str, tuple[tuple[str, str], ...]], Counter] = {}
    ordered = sorted(counters, key=lambda counter: (-len(counter.samples), sorted(counter.labels.items())))
    for counter in ordered:
        labels = tuple(sorted((name, text) for name, text in counter.labels.items() if name not in REPLICA_LABELS))
        best.setdefault((counter.metric, labels), counter)
    return list(best.values())
