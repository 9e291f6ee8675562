"""The collector type `bedrock`: tokens of Amazon Bedrock by model and hour, from CloudWatch."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from collectors.api.windowed import Answered, WindowedCollector, WindowedSource, over_there
from collectors.api.windows import DAY, HOUR, pieces
from collectors.aws.asking import Asking, opened_asking
from collectors.aws.client import AWS_OPTIONS, access_of, client_of
from collectors.aws.cloudwatch import Metric, list_metrics, values_of
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.options import duration, option_texts

_NAMESPACE, _MODEL = "AWS/Bedrock", "ModelId"
_METRICS: Mapping[str, tuple[str, ...]] = {
    "tokens.input": ("InputTokenCount",),
    "tokens.cached_input": ("CacheReadInputTokenCount", "CacheReadInputTokens"),
    "tokens.cache_write_5m": ("CacheWriteInputTokenCount", "CacheWriteInputTokens"),
    "tokens.output": ("OutputTokenCount",),
    "requests": ("Invocations",),
    "images": ("OutputImageCount",),
}
"""Ours, and how Bedrock spells it: of two spellings of one model the first that is there counts. Its input tokens leave
out what was read from the cache and written to it, so that these add up."""

_SETTLES = HOUR / 4
_PIECE = 8 * DAY
"""500 series of 192 hours: under the 100,800 points of one answer."""

_OPTIONS = (
    Option("pool", "The pool of this usage.", "bedrock"),
    Option(
        "backfill", "How far back the first reading goes; CloudWatch keeps 455 days.", "90d", "duration", default="14d"
    ),
    Option("restates", "How late CloudWatch may still add.", "6h", kind="duration", default="3h"),
    *AWS_OPTIONS,
)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    access = access_of(texts)
    facts = {"region": texts["region"]} if "region" in texts else {}
    fetch = partial(
        _fetch, lambda: client_of("cloudwatch", access), {"pool": texts.get("pool", settings.name), **facts}
    )
    source = WindowedSource(
        settings,
        "usage",
        f"cloudwatch {_NAMESPACE}",
        opened_asking,
        over_there(fetch, Asking.now, _SETTLES),
        ("cloudwatch:ListMetrics", "cloudwatch:GetMetricData"),
        unit=HOUR,
        piece=_PIECE,
        backfill=duration("backfill", texts["backfill"]),
        restates=duration("restates", texts["restates"]),
        settles=_SETTLES,
    )
    return WindowedCollector(source)


def _fetch(connect: Any, facts: Mapping[str, str], asking: Asking, piece: Window) -> Iterator[Answered]:
    client = connect()
    series = {metric: ours for ours, names in _METRICS.items() for metric in _by_model(client, asking, names)}
    values = values_of(client, asking, list(series), piece, HOUR, "Sum")
    for hour in pieces(piece, HOUR):
        rows = [
            {"hour": hour.start, "metric": ours, "quantity": quantity, "model": metric.dimensions[0][1], **facts}
            for metric, ours in series.items()
            if (quantity := values[metric].get(hour.start))
        ]
        yield Answered(hour, rows)


def _by_model(client: Any, asking: Asking, names: tuple[str, ...]) -> list[Metric]:
    """Return the series of single models: sums over all models, and parts of a model's, would count tokens twice."""
    found: dict[str, Metric] = {}
    for name in names:
        for metric in list_metrics(client, asking, _NAMESPACE, name):
            if len(metric.dimensions) == 1 and metric.dimensions[0][0] == _MODEL:
                found.setdefault(metric.dimensions[0][1], metric)
    return list(found.values())


TYPE = CollectorType(
    name="bedrock",
    table="usage",
    summary="Tokens and requests of Amazon Bedrock by model and hour, from CloudWatch.",
    options=_OPTIONS,
    build=_build,
)
