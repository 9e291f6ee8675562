"""The collector type `opencost-usage`: what namespaces had of a cluster by the hour, to split its bill by."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial

from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.rows import Row
from collectors.api.session import Session
from collectors.api.windows import DAY, HOUR, floored, pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.opencost.asking import COMMON_OPTIONS, Allocation, Asking, ask_day, asking_of, server_of
from collectors.options import duration, option_texts
from collectors.problems import Problems

_OPTIONS = (
    *COMMON_OPTIONS,
    Option("pool", "The pool of what is used; without it the cluster is the pool.", "cluster-eu"),
)
_UNIT = 10**12
_GIBIBYTE = 2**30
_METRICS: Mapping[str, tuple[str, int]] = {
    "kubernetes.cpu_core_hours": ("cpuCoreHours", 1),
    "kubernetes.memory_gib_hours": ("ramByteHours", _GIBIBYTE),
    "kubernetes.gpu_hours": ("gpuHours", 1),
    "kubernetes.volume_gib_hours": ("pvByteHours", _GIBIBYTE),
    "kubernetes.cost": ("totalCost", 1),
}
"""Our metrics: the answer's field, and how many of its unit make one of ours."""

_TAKEN = frozenset({"hour", "metric", "pool", "quantity", "cluster", "namespace"})


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    asking = asking_of(settings, texts, idle=False)
    for label in asking.labels:
        if label.lower() in _TAKEN:
            raise ValueError(f"labels: {label} is a fact or column of its own here; a label of that name has no place")
    return ApiCollector(
        ApiSource(
            settings,
            "usage",
            server_of(texts),
            partial(_fetch, asking=asking, pool=texts.get("pool")),
            f"GET /{asking.path}",
            unit=HOUR,
            backfill=duration("backfill", texts["backfill"]),
            restates=duration("restates", texts["restates"]),
            settles=duration("settles", texts["settles"]),
        )
    )


def _fetch(session: Session, window: Window, *, asking: Asking, pool: str | None) -> Iterator[Answered]:
    """Ask for the hours of a window, a day's at once."""
    for piece in _by_day(window):
        problems = Problems()
        for span, allocations in ask_day(session, asking, piece, HOUR):
            rows = [{**row, **_facts(one, asking)} for one in allocations for row in _rows(one, span, pool, problems)]
            problems.raise_if_any(session.server.shown)
            yield Answered(span, rows)


def _by_day(window: Window) -> Iterator[Window]:
    for day in pieces(Window(floored(window.start, DAY), window.end), DAY):
        yield Window(max(day.start, window.start), day.end)


def _rows(allocation: Allocation, hour: Window, pool: str | None, problems: Problems) -> Iterator[Row]:
    for metric, (field, size) in _METRICS.items():
        value = allocation.number(field, problems)
        if value:
            yield {
                "hour": hour.start,
                "metric": metric,
                "pool": pool or allocation.cluster,
                "quantity": Decimal(round(Fraction(value) / size * _UNIT)).scaleb(-12),
            }


def _facts(allocation: Allocation, asking: Asking) -> Row:
    labels = {name: allocation.labels.get(name) for name in asking.labels}
    return {**labels, "cluster": allocation.cluster, "namespace": allocation.namespace}


TYPE = CollectorType(
    name="opencost-usage",
    table="usage",
    summary="What the namespaces of Kubernetes had of a cluster by OpenCost or Kubecost, to split its bill by.",
    options=_OPTIONS,
    build=_build,
)
