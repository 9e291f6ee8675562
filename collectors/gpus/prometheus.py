"""The collector type `prometheus`: GPU utilisation and GPU hours from a Prometheus that scrapes dcgm-exporter."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.session import Session
from collectors.api.windows import HOUR, pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.gpus.hours import Limits
from collectors.gpus.options import LABEL_OPTIONS, LIMIT_OPTIONS, labelling_of, limits_of, step_of
from collectors.gpus.owners import OwnerLabels, Owners, ask_owners, checked_labels
from collectors.gpus.queries import Asking, ask_piece, longest_piece
from collectors.gpus.rows import answered_hour, of_hour
from collectors.http import Server
from collectors.options import duration, option_list, option_texts

_OPTIONS = (
    Option("url", "The address of Prometheus.", "http://prometheus:9090", kind="url", required=True),
    Option("step", "The time slot; no shorter than the scrape interval.", "30s", kind="duration", default="1m"),
    Option("backfill", "How far back the first reading goes, to whole days.", "14d", kind="duration", default="1d"),
    Option("restates", "How late samples may come, by remote write.", "6h", kind="duration", default="1h"),
    Option("selector", "Further label matchers of PromQL.", 'cluster="gpu-prod"'),
    *LIMIT_OPTIONS,
    *LABEL_OPTIONS,
    Option(
        "labels", "Labels of pods, else of their namespaces, by kube-state-metrics, as facts.", "[team]", kind="list"
    ),
    Option("label_selector", "Further label matchers for kube-state-metrics.", 'cluster="gpu-prod"'),
    Option("bearer_token", "A token for Prometheus or the proxy before it.", "${PROMETHEUS_TOKEN}"),
    Option("username", "The user of basic authentication.", "attributor"),
    Option("password", "The password of basic authentication.", "${PROMETHEUS_PASSWORD}"),
)


@dataclass(frozen=True)
class _Source:
    asking: Asking
    limits: Limits


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    owners = OwnerLabels(checked_labels(option_list(settings, "labels")), _matchers(texts.get("label_selector", "")))
    step = step_of(texts["step"])
    asking = Asking(_matchers(texts.get("selector", "")), step, labelling_of(settings, texts), owners)
    return ApiCollector(
        ApiSource(
            settings,
            "usage",
            Server(texts["url"], texts.get("bearer_token"), texts.get("username"), texts.get("password")),
            partial(_fetch, source=_Source(asking, limits_of(texts))),
            "POST /api/v1/query, POST /api/v1/query_range",
            unit=HOUR,
            piece=longest_piece(step),
            backfill=duration("backfill", texts["backfill"]),
            restates=duration("restates", texts["restates"]),
        )
    )


def _fetch(session: Session, piece: Window, *, source: _Source) -> Iterator[Answered]:
    """Ask for the hours of a piece; one without a sample of any GPU is a gap."""
    asking = source.asking
    series = ask_piece(session, asking, piece)
    owners = ask_owners(session, asking.owners, piece) if series else Owners()
    for number, hour in enumerate(pieces(piece, HOUR)):
        told = (owners.told(one, hour.start) for one in of_hour(series, number, asking.step))
        yield from answered_hour(hour, told, asking.step, source.limits)


def _matchers(text: str) -> str:
    return text.strip().removeprefix("{").removesuffix("}")


TYPE = CollectorType(
    name="prometheus",
    table="usage",
    summary="GPU utilisation and GPU hours from a Prometheus server that scrapes dcgm-exporter.",
    options=_OPTIONS,
    build=_build,
)
