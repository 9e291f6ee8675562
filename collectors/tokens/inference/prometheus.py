"""The collector type `prometheus-tokens`: what your inference servers used, by their counters in Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.session import Session
from collectors.api.windows import pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.http import Server
from collectors.options import choice, duration, option_list, option_texts
from collectors.tokens.inference.counters import HOUR, Counter, begins, within, without_replicas
from collectors.tokens.inference.hours import Labelling, hour_rows
from collectors.tokens.inference.presets import PRESETS
from collectors.tokens.inference.queries import Beginnings, ask_beginnings, ask_counters

_OPTIONS = (
    Option("url", "The address of Prometheus.", "http://prometheus:9090", kind="url", required=True),
    Option("presets", "Whose counters are read: vllm, tgi, sglang, triton; all without it.", "[vllm]", kind="list"),
    Option("backfill", "How far back the first reading goes, to whole days.", "14d", kind="duration", default="1d"),
    Option("restates", "How late samples may come, by remote write.", "6h", kind="duration", default="1h"),
    Option("selector", "Further label matchers of PromQL.", 'cluster="gpu-prod"'),
    Option("model", "The model of servers that name none, as TGI.", "llama-3.3-70b"),
    Option("pool", "The pool of all these servers.", "llm-prod"),
    Option("pool_label", "The label that names the pool, where `pool` does not.", "cluster", default="cluster"),
    Option("facts", "Labels to carry along as facts.", "[team]", kind="list"),
    Option("bearer_token", "A token for Prometheus or the proxy before it.", "${PROMETHEUS_TOKEN}"),
    Option("username", "The user of basic authentication.", "attributor"),
    Option("password", "The password of basic authentication.", "${PROMETHEUS_PASSWORD}"),
)
_TAKEN = frozenset({"hour", "metric", "pool", "quantity", "model", "server"})
_PIECE = 6 * HOUR
_PERMISSION = "POST /api/v1/query"


@dataclass(frozen=True)
class _Asking:
    presets: tuple[str, ...]
    selector: str
    labelling: Labelling


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    facts = option_list(settings, "facts")
    for fact in facts:
        if fact.lower() in _TAKEN:
            raise ValueError(f"facts: {fact} is a fact or column of its own here; a label of that name has no place")
    presets = option_list(settings, "presets") or tuple(PRESETS)
    asking = _Asking(
        tuple(choice("presets", preset, tuple(PRESETS)) for preset in presets),
        texts.get("selector", "").strip().removeprefix("{").removesuffix("}"),
        Labelling(settings.name, texts.get("pool"), texts["pool_label"], texts.get("model"), facts),
    )
    return ApiCollector(
        ApiSource(
            settings,
            "usage",
            Server(texts["url"], texts.get("bearer_token"), texts.get("username"), texts.get("password")),
            partial(_fetch, asking=asking),
            _PERMISSION,
            unit=HOUR,
            backfill=duration("backfill", texts["backfill"]),
            restates=duration("restates", texts["restates"]),
        )
    )


def _fetch(session: Session, window: Window, *, asking: _Asking) -> Iterator[Answered]:
    """Ask for the hours of a window, six at once; one without a sample of any server is a gap."""
    names = [name for preset in asking.presets for name in PRESETS[preset].names]
    for piece in pieces(window, _PIECE):
        counters = without_replicas(ask_counters(session, names, asking.selector, piece))
        told = {span: _told(counters, span.start) for span in pieces(piece, HOUR)}
        new = [one for span, found in told.items() for one in found if begins(one, span.start)]
        beginnings = ask_beginnings(session, counters, new, piece)
        for span, found in told.items():
            if found:
                yield _answered(span, found, beginnings, asking)


def _told(counters: list[Counter], hour: datetime) -> list[Counter]:
    return [one for one in (within(counter, hour) for counter in counters) if one is not None]


def _answered(span: Window, counters: list[Counter], beginnings: Beginnings, asking: _Asking) -> Answered:
    hour = span.start
    rows = [
        row
        for name in asking.presets
        for row in hour_rows(
            name,
            PRESETS[name],
            hour,
            [one for one in counters if one.metric in PRESETS[name].names],
            asking.labelling,
            lambda counter: beginnings.from_nought(counter, hour),
        )
    ]
    return Answered(span, rows)


TYPE = CollectorType(
    name="prometheus-tokens",
    table="usage",
    summary="Tokens and requests of vLLM, TGI, SGLang and Triton, from a Prometheus server that scrapes them.",
    options=_OPTIONS,
    build=_build,
)
