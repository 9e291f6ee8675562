"""The collector type `dcgm`: GPU hours and utilisation from dcgm-exporters, scraped directly."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from collectors.base import CollectError, Collector, CollectorType, Option, SourceSettings
from collectors.gpus.options import LABEL_OPTIONS, LIMIT_OPTIONS, labelling_of
from collectors.gpus.polled import POLLED_OPTIONS, PolledCollector, Targets, keeping_of
from collectors.gpus.samples import BySlot
from collectors.gpus.series import PERCENT_PER_UNIT, Labelling, Series, Target, read_series
from collectors.http import Retries, Server, ask_stream, connected
from collectors.options import option_list, option_texts

_OPTIONS = (
    Option(
        "url",
        "The address of an exporter's metrics, or a list of these.",
        "http://gpu-node-0:9400/metrics",
        kind="list",
        required=True,
    ),
    *POLLED_OPTIONS,
    *LIMIT_OPTIONS,
    *LABEL_OPTIONS,
    Option("bearer_token", "A token for the proxy before the exporters.", "${EXPORTER_TOKEN}"),
    Option("username", "The user of basic authentication.", "attributor"),
    Option("password", "The password of basic authentication.", "${EXPORTER_PASSWORD}"),
)
_PATIENCE = 10.0
"""Seconds; a look that fails is tried again within its time slot, so that it is not tried twice at once."""

_STALE = timedelta(minutes=2)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    urls = option_list(settings, "url")
    if not urls:
        raise ValueError(f"url is missing; write for example url: {_OPTIONS[0].example}")
    for url in urls:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url: {url!r} is no address; write it as {_OPTIONS[0].example}")
    server = Server("", texts.get("bearer_token"), texts.get("username"), texts.get("password"), timeout=_PATIENCE)
    servers = {one.shown: one for one in (replace(server, url=url, retries=Retries(attempts=1)) for url in urls)}
    if len(servers) < len(urls):
        raise ValueError("url: an exporter is named twice")
    targets = Targets(
        names=tuple(servers),
        shown=next(iter(servers)) if len(servers) == 1 else f"{len(servers)} exporters",
        permission="GET of the exporter's metrics",
        look=lambda name: _look(servers[name], settings.clock()),
        read=partial(_read, labelling=labelling_of(settings, texts)),
    )
    return PolledCollector(settings, targets, keeping_of(settings, texts))


def _look(server: Server, now: datetime) -> Mapping[str, str]:
    """Scrape an exporter once; raise CollectError where it shows no utilisation of any GPU."""
    with connected(server) as client:
        text = ask_stream(client, server, "", lambda response: _text(response, server))
    try:
        families = list(text_string_to_metric_families(text))
    except ValueError as error:
        message = f"{server.shown} gave what is no exposition of metrics: {error}"
        raise CollectError(message, permanent=True) from error
    samples = [sample for family in families for sample in family.samples if sample.name in PERCENT_PER_UNIT]
    found = {_series(sample): str(sample.value) for sample in samples if _is_fresh(sample, now)}
    if not found:
        names = ", ".join(PERCENT_PER_UNIT)
        raise CollectError(f"{server.shown} shows no utilisation of any GPU: none of {names}", permanent=False)
    return found


def _text(response: httpx2.Response, server: Server) -> str:
    content = response.read()
    if not content.endswith(b"\n"):
        raise CollectError(f"{server.shown} gave metrics that end in the middle of a line", permanent=False)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CollectError(f"{server.shown} gave what is no UTF-8: {error.reason}", permanent=True) from error


def _is_fresh(sample: Sample, now: datetime) -> bool:
    """Tell whether a value is of the present: what passes metrics on may give the last one that it had."""
    if sample.timestamp is None:
        return True
    return now - datetime.fromtimestamp(float(sample.timestamp), UTC) <= _STALE


def _series(sample: Sample) -> str:
    return json.dumps([sample.name, sample.labels], ensure_ascii=False, sort_keys=True)


def _read(seen: BySlot, *, labelling: Labelling) -> Iterator[Series]:
    """Read what exporters showed in an hour.

    Where metrics were passed on by a Prometheus, `exported_pod` is the holder and `pod` the exporter itself, which
    is the only one there on a GPU that nobody holds.
    """
    named = [(json.loads(name), values) for name, values in seen.items()]
    exporters = frozenset(_target(labels) for (_, labels), _ in named if "exported_pod" in labels)
    for (metric, labels), values in named:
        series = read_series(metric, labels, values.items(), labelling, exporters)
        if series is not None:
            yield series


def _target(labels: Mapping[str, str]) -> Target:
    return labels.get("instance", ""), labels.get("job", ""), labels.get("pod", "")


TYPE = CollectorType(
    name="dcgm",
    table="usage",
    summary="GPU utilisation and GPU hours from dcgm-exporters, scraped directly.",
    options=_OPTIONS,
    build=_build,
)
