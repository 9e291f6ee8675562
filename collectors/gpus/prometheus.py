"""The collector type `prometheus`: GPU utilisation and GPU hours from a Prometheus that scrapes dcgm-exporter."""

from datetime import timedelta
from decimal import Decimal

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.gpus.collector import GpuSource, PrometheusCollector
from collectors.gpus.hours import Limits
from collectors.gpus.owners import OwnerLabels, checked_labels
from collectors.gpus.queries import Asking
from collectors.gpus.series import Labelling
from collectors.http import Server
from collectors.options import decimal, duration, option_list, option_texts

_OPTIONS = (
    Option("url", "The address of Prometheus.", "http://prometheus:9090", kind="url", required=True),
    Option("step", "The time slot; no shorter than the scrape interval.", "30s", kind="duration", default="1m"),
    Option("backfill", "How far back the first reading goes, to whole days.", "14d", kind="duration", default="1d"),
    Option("restates", "How late samples may come, by remote write.", "6h", kind="duration", default="1h"),
    Option("selector", "Further label matchers of PromQL.", 'cluster="gpu-prod"'),
    Option("busy_above", "From which utilisation on a GPU computes, in percent.", "5", kind="decimal", default="10"),
    Option("low_below", "Below which a GPU computes but little, in percent.", "50", kind="decimal", default="40"),
    Option("pool", "The pool of all these GPUs.", "gpu-prod"),
    Option("pool_label", "The label that names the pool, where `pool` does not.", "cluster", default="cluster"),
    Option("facts", "Labels of the holder to carry along as facts.", "[label_team]", kind="list"),
    Option(
        "labels", "Labels of pods, else of their namespaces, by kube-state-metrics, as facts.", "[team]", kind="list"
    ),
    Option("label_selector", "Further label matchers for kube-state-metrics.", 'cluster="gpu-prod"'),
    Option("bearer_token", "A token for Prometheus or the proxy before it.", "${PROMETHEUS_TOKEN}"),
    Option("username", "The user of basic authentication.", "attributor"),
    Option("password", "The password of basic authentication.", "${PROMETHEUS_PASSWORD}"),
)
_HOUR = timedelta(hours=1)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    labelling = Labelling(settings.name, texts.get("pool"), texts["pool_label"], option_list(settings, "facts"))
    server = Server(texts["url"], texts.get("bearer_token"), texts.get("username"), texts.get("password"))
    owners = OwnerLabels(checked_labels(option_list(settings, "labels")), _matchers(texts.get("label_selector", "")))
    asking = Asking(server, _matchers(texts.get("selector", "")), _step(texts["step"]), labelling, owners)
    return PrometheusCollector(
        GpuSource(
            settings,
            asking,
            duration("backfill", texts["backfill"]),
            duration("restates", texts["restates"]),
            Limits(*(decimal(name, texts[name], Decimal(0), Decimal(100)) for name in ("busy_above", "low_below"))),
        )
    )


def _matchers(text: str) -> str:
    return text.strip().removeprefix("{").removesuffix("}")


def _step(text: str) -> timedelta:
    step = duration("step", text)
    if not step or _HOUR % step:
        raise ValueError(f"step: an hour is no whole number of {text}; write for example 15s, 30s, 1m or 5m")
    return step


TYPE = CollectorType(
    name="prometheus",
    table="usage",
    summary="GPU utilisation and GPU hours from a Prometheus server that scrapes dcgm-exporter.",
    options=_OPTIONS,
    build=_build,
)
