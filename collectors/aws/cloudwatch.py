"""CloudWatch: which series there are, and their values by the bin. SEARCH is not used: it answers in part, silently."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

from collectors.api.pages import Page, walk
from collectors.aws.asking import Asking
from collectors.aws.client import asked
from collectors.base import CollectError, Window

_MOST_QUERIES = 500
"""What GetMetricData takes at once."""

MOST_POINTS = 100_800
"""What GetMetricData answers at once: a piece of time times 500 queries has to fit."""

_PRICE_OF_QUERY = Decimal("0.00001")
_PRICE_OF_LIST = Decimal("0.00001")
"""Dollars: a thousand metrics or requests cost one cent."""


@dataclass(frozen=True)
class Metric:
    """One series: a metric under exactly these dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def list_metrics(client: Any, asking: Asking, namespace: str, name: str) -> list[Metric]:
    """Return every series of a metric that had data in the last two weeks, in order. Raises CollectError."""

    def page(token: str | None) -> Page:
        following = {} if token is None else {"NextToken": token}
        asking.count(_PRICE_OF_LIST)
        ask = partial(client.list_metrics, Namespace=namespace, MetricName=name, **following)
        answer = asked("cloudwatch:ListMetrics", ask)
        asking.hear(answer)
        return Page(answer.get("Metrics", []), answer.get("NextToken") or None)

    found = {
        Metric(namespace, name, tuple(sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))))
        for metrics in walk(page, "cloudwatch:ListMetrics")
        for metric in metrics
    }
    return sorted(found, key=lambda metric: metric.dimensions)


def values_of(
    client: Any, asking: Asking, metrics: Sequence[Metric], window: Window, period: timedelta, statistic: str
) -> Mapping[Metric, Mapping[datetime, Decimal]]:
    """Return the values of each series by the start of their bins; a bin without data has none.

    Raises a CollectError that is not permanent where CloudWatch answers in part only.
    """
    values: dict[Metric, dict[datetime, Decimal]] = {metric: {} for metric in metrics}
    for some in _chunks(metrics):
        queries = [_query(f"m{number}", metric, period, statistic) for number, metric in enumerate(some)]
        for result in _results(client, asking, queries, window):
            bins = values[some[int(result["Id"][1:])]]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                if window.start <= at < window.end:
                    bins[at] = Decimal(repr(value))
    return values


def _chunks(metrics: Sequence[Metric]) -> Iterator[list[Metric]]:
    left = iter(metrics)
    while some := list(islice(left, _MOST_QUERIES)):
        yield some


def _query(identity: str, metric: Metric, period: timedelta, statistic: str) -> Mapping[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    told = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    stat = {"Metric": told, "Period": int(period.total_seconds()), "Stat": statistic}
    return {"Id": identity, "MetricStat": stat, "ReturnData": True}


def _results(
    client: Any, asking: Asking, queries: list[Mapping[str, Any]], window: Window
) -> Iterator[Mapping[str, Any]]:
    incomplete: set[str] = set()

    def page(token: str | None) -> Page:
        asking.count(_PRICE_OF_QUERY * len(queries))
        following = {} if token is None else {"NextToken": token}
        answer = asked("cloudwatch:GetMetricData", partial(_ask, client, queries, window, following))
        asking.hear(answer)
        results = answer.get("MetricDataResults", [])
        for result in results:
            if result.get("StatusCode") in {"Forbidden", "InternalError"}:
                raise CollectError(f"cloudwatch:GetMetricData: {result['StatusCode']}", permanent=False)
            (incomplete.add if result.get("StatusCode") == "PartialData" else incomplete.discard)(result["Id"])
        return Page([result for result in results if result["Timestamps"]], answer.get("NextToken") or None)

    for results in walk(page, "cloudwatch:GetMetricData"):
        yield from results
    if incomplete:
        raise CollectError("cloudwatch:GetMetricData answered in part only", permanent=False)


def _ask(client: Any, queries: list[Mapping[str, Any]], window: Window, following: Mapping[str, str]) -> Any:
    return client.get_metric_data(
        MetricDataQueries=queries, StartTime=window.start, EndTime=window.end, ScanBy="TimestampAscending", **following
    )
