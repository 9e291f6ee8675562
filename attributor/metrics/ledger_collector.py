"""The ledger's figures as metric families; read at most once in a while, however many ask.

Only here money becomes a float: Prometheus knows nothing else, and nothing reads it back.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric, UntypedMetricFamily
from prometheus_client.registry import Collector

from attributor.metrics.bounded import largest, largest_idle, largest_teams, largest_variances
from attributor.metrics.figures import Figures
from attributor.metrics.fresh import Fresh

MOST_TEAMS = 200
MOST_SOURCES = 200
MOST_VARIANCES = 200
FRESH_FOR = timedelta(seconds=15)


class LedgerCollector(Collector):
    """Exposes what `read` returns, and whether it could be read.

    A ledger that cannot be read must not hide the other metrics: it is a metric of its own.
    """

    def __init__(self, read: Callable[[datetime], Figures], clock: Callable[[], datetime]) -> None:
        self._fresh = Fresh(read, clock, FRESH_FOR)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not read the ledger."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        figures = self._fresh.get()
        yield _gauge(
            "attributor_ledger_up", "Whether the ledger could be read (1) or not (0)", int(figures is not None)
        )
        if figures is not None:
            yield from money_families(figures)
            yield from estimate_families(figures)
            yield from state_families(figures)
            yield from asking_families(figures)


def money_families(figures: Figures) -> Iterator[Metric]:
    """Yield what teams cost this month."""
    # It falls when a provider restates and starts again each month, so it is no counter, whatever its name says.
    costs = UntypedMetricFamily(
        "attributor_team_cost_total", "Effective cost of the current UTC month so far", labels=["team", "currency"]
    )
    for (team, currency), cost in sorted(largest_teams(figures.costs, MOST_TEAMS).items()):
        costs.add_metric([team, currency], float(cost))
    yield costs
    budgets = GaugeMetricFamily(
        "attributor_team_budget_ratio", "Share of the team's monthly budget that is spent", labels=["team"]
    )
    for team, used in sorted(largest(figures.used, MOST_TEAMS).items()):
        budgets.add_metric([team], float(used))
    yield budgets
    yield _idle(figures)
    unattributed = GaugeMetricFamily(
        "attributor_unattributed_ratio", "Share of this month's effective cost without an owner", labels=["currency"]
    )
    for currency, share in sorted(figures.unattributed.items()):
        unattributed.add_metric([currency], float(share))
    yield unattributed


def _idle(figures: Figures) -> Metric:
    # Like the costs above: a counter in name only.
    idle = UntypedMetricFamily(
        "attributor_gpu_idle_cost_total",
        "Effective cost of idle GPU capacity in the current UTC month so far",
        labels=["team", "cause", "currency"],
    )
    for (team, cause, currency), cost in sorted(largest_idle(figures.idle, MOST_TEAMS).items()):
        idle.add_metric([team, cause, currency], float(cost))
    return idle


def estimate_families(figures: Figures) -> Iterator[Metric]:
    """Yield how much of this month is estimated, and how far estimates were from the bills that took their place."""
    estimated = GaugeMetricFamily(
        "attributor_estimated_ratio", "Share of this month's effective cost that is estimated", labels=["currency"]
    )
    for currency, share in sorted(figures.estimated.items()):
        estimated.add_metric([currency], float(share))
    yield estimated
    labels = ["provider", "service", "currency"]
    amounts = GaugeMetricFamily(
        "attributor_estimate_variance", "Billed less estimated cost of this month's complete days", labels=labels
    )
    ratios = GaugeMetricFamily(
        "attributor_estimate_variance_ratio", "The same as a share of what was estimated", labels=labels
    )
    for line in largest_variances(figures.variance, MOST_VARIANCES):
        names = [*line.values, line.currency]
        amounts.add_metric(names, float(line.difference))
        if line.estimated:
            ratios.add_metric(names, float(line.difference) / float(line.estimated))
    yield amounts
    yield ratios
    unpriced = GaugeMetricFamily(
        "attributor_unpriced_tokens", "This month's tokens that no price is known of", labels=["source"]
    )
    for source, tokens in sorted(largest(figures.unpriced, MOST_SOURCES).items()):
        unpriced.add_metric([source], float(tokens))
    yield unpriced


def state_families(figures: Figures) -> Iterator[Metric]:
    """Yield how sources, alerts, messages and runs stand."""
    lag = GaugeMetricFamily(
        "attributor_source_lag_seconds", "How far what the source has told lies behind now", labels=["source"]
    )
    failing = GaugeMetricFamily(
        "attributor_source_failing", "Whether the last reading of the source failed (1) or not (0)", labels=["source"]
    )
    for source in figures.sources[:MOST_SOURCES]:
        failing.add_metric([source.source], int(source.error is not None))
        if source.covered_until is not None:
            lag.add_metric([source.source], max((figures.now - source.covered_until).total_seconds(), 0))
    yield lag
    yield failing
    control = GaugeMetricFamily(
        "attributor_control_difference",
        "What is stored of a source less what its files say, in the first cost column that differs",
        labels=["source", "currency"],
    )
    for found in figures.controls[:MOST_SOURCES]:
        control.add_metric([found.source, found.currency or ""], float(found.difference))
    yield control
    open_alerts = GaugeMetricFamily(
        "attributor_open_alerts", "Alerts that are not resolved", labels=["kind", "severity"]
    )
    for labels, count in sorted(figures.open_alerts.items()):
        open_alerts.add_metric(list(labels), count)
    yield open_alerts
    yield _gauge("attributor_outbox_pending", "Messages that wait to be sent", figures.outbox.get("pending", 0))
    yield _gauge("attributor_outbox_failed", "Messages that were given up", figures.outbox.get("failed", 0))
    if figures.last_run is not None:
        finished = figures.last_run.timestamp()
        yield _gauge("attributor_last_run_timestamp_seconds", "When the last run finished (Unix time)", finished)


def asking_families(figures: Figures) -> Iterator[Metric]:
    """Yield what asking the sources took this month."""
    requests = GaugeMetricFamily(
        "attributor_source_requests", "Requests to the source in this UTC month so far", labels=["source"]
    )
    dollars = GaugeMetricFamily(
        "attributor_source_asking_cost",
        "What the provider charges for them by its list, in US dollars",
        labels=["source"],
    )
    for source, asked in list(figures.asked.items())[:MOST_SOURCES]:
        requests.add_metric([source], asked.requests)
        dollars.add_metric([source], float(asked.cost))
    yield requests
    yield dollars


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)
