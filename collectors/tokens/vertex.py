"""The collector type `vertex`: tokens of Vertex AI's publisher models by model and hour, from Cloud Monitoring."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from collectors.api.collector import Answered
from collectors.api.session import Session
from collectors.api.windows import DAY, HOUR, pieces
from collectors.base import CollectError, Collector, CollectorType, Option, SourceSettings, Window
from collectors.gcp.monitoring import (
    MONITORING_OPTIONS,
    SeriesQuery,
    TimeSeries,
    ask_series,
    checked_projects,
    monitoring_collector,
)
from collectors.options import option_list, option_texts

_PREFIX = "aiplatform.googleapis.com/publisher/online_serving/"
_PUBLISHER_MODEL = 'resource.type="aiplatform.googleapis.com/PublisherModel"'
_RESOURCE = tuple(f"resource.label.{name}" for name in ("resource_container", "location", "publisher", "model_user_id"))
_TOKENS = SeriesQuery(
    f"{_PREFIX}token_count",
    HOUR,
    "ALIGN_SUM",  # ALIGN_DELTA would make up values for hours without any
    "REDUCE_SUM",
    (*_RESOURCE, *(f"metric.label.{name}" for name in ("type", "modality", "request_type", "source"))),
    _PUBLISHER_MODEL,
)
_CALLS = SeriesQuery(
    f"{_PREFIX}model_invocation_count",
    HOUR,
    "ALIGN_SUM",
    "REDUCE_SUM",
    (*_RESOURCE, *(f"metric.label.{name}" for name in ("response_code", "request_type"))),
    _PUBLISHER_MODEL,
)
_OF_THEIR_OWN = frozenset({"audio", "image", "video"})
_NOT_IN_A_NAME = re.compile("[^a-z0-9]+")

_OPTIONS = (
    Option("pool", "The pool of this usage.", "vertex"),
    Option("backfill", "How far back the first reading goes; six weeks are kept.", "41d", "duration", default="14d"),
    Option("restates", "How late Cloud Monitoring may still add.", "6h", kind="duration", default="3h"),
    *MONITORING_OPTIONS,
)


@dataclass(frozen=True)
class _Models:
    """What is asked, and under which pool it is usage."""

    projects: Sequence[str]
    pool: str

    def fetch(self, session: Session, piece: Window) -> Iterator[Answered]:
        """Yield every hour: Cloud Monitoring has nothing of one without calls, and that is a zero."""
        used: dict[datetime, dict[tuple[str, tuple[tuple[str, str], ...]], Decimal]] = defaultdict(
            lambda: defaultdict(Decimal)
        )
        for query in (_TOKENS, _CALLS):
            for series in ask_series(session, self.projects, query, piece):
                metric = _token_metric(series) if query is _TOKENS else _call_metric(series)
                facts = tuple(_facts(series).items())
                for at, value in series.values.items():
                    used[at][metric, facts] += _count(value, query, at)
        for hour in pieces(piece, HOUR):
            rows = [
                {"hour": hour.start, "metric": metric, "pool": self.pool, "quantity": quantity, **dict(facts)}
                for (metric, facts), quantity in used[hour.start].items()
                if quantity
            ]
            yield Answered(hour, rows)


def _count(value: Decimal, query: SeriesQuery, hour: datetime) -> Decimal:
    if value < 0 or value != value.to_integral_value():
        raise CollectError(f"{query.metric} of {hour:%Y-%m-%dT%HZ} is {value}, which is no count", permanent=True)
    return value


def _token_metric(series: TimeSeries) -> str:
    """Name what a series counts; a type that is not known keeps its own name, for nobody knows who holds it."""
    kind = _NOT_IN_A_NAME.sub("_", series.told.get("type", "").lower()).strip("_")
    if kind not in {"input", "output"}:
        return f"tokens.{kind or 'unnamed'}"
    modality = series.told.get("modality", "").lower()
    return f"tokens.{kind}_{modality}" if modality in _OF_THEIR_OWN else f"tokens.{kind}"


def _call_metric(series: TimeSeries) -> str:
    code = series.told.get("response_code", "2")
    return "requests" if code.startswith("2") else "requests.failed"


def _facts(series: TimeSeries) -> Mapping[str, str]:
    resource, told = series.resource, series.told
    batch = {"service_tier": "batch"} if told.get("source", "").startswith("batch") else {}
    facts = {
        "model": resource.get("model_user_id"),
        "publisher": resource.get("publisher"),
        "project": resource.get("resource_container"),
        "region": resource.get("location"),
        "request_type": told.get("request_type"),
    }
    return {**{name: value for name, value in facts.items() if value}, **batch}


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    models = _Models(checked_projects(option_list(settings, "projects")), texts.get("pool", settings.name))
    return monitoring_collector(settings, texts, models.fetch, piece=7 * DAY, settles=HOUR / 6)


TYPE = CollectorType(
    name="vertex",
    table="usage",
    summary="Tokens and requests of Vertex AI's publisher models by model and hour, from Cloud Monitoring.",
    options=_OPTIONS,
    build=_build,
)
