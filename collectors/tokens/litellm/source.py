"""The collector type `litellm`: tokens and calls from the PostgreSQL of a LiteLLM proxy."""

from datetime import timedelta

from collectors.base import Collector, CollectorType, Option, SourceSettings
from collectors.options import duration, option_list, option_texts
from collectors.tokens.litellm.calls import DEFAULT_FACTS, FACTS, Sorting
from collectors.tokens.litellm.collector import Ages, CallsCollector, CallsSource
from collectors.tokens.litellm.database import parse_database

_OPTIONS = (
    Option("url", "The proxy's own database, as it knows it.", "${LITELLM_DATABASE_URL}", required=True),
    Option("facts", "By which facts calls are told apart.", f"[{', '.join(DEFAULT_FACTS)}]", kind="list"),
    Option("metadata", "Keys of `spend_logs_metadata` that are facts too.", "[project]", kind="list"),
    Option("backfill", "How far back the first reading goes, to whole days.", "13mo", kind="duration", default="31d"),
    Option("restates", "How late a call may be logged.", "2d", kind="duration", default="1d"),
    Option("settles", "How long after its end an hour is read.", "30m", kind="duration", default="15m"),
    Option("patience", "How long the database may take over one day.", "10m", kind="duration", default="2m"),
)
_ALREADY = frozenset({"hour", "metric", "pool", "quantity"})


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    ages = Ages(*(duration(name, texts[name]) for name in ("backfill", "restates", "settles")))
    patience = duration("patience", texts["patience"])
    if not timedelta(seconds=1) <= patience <= timedelta(days=1):
        raise ValueError("patience: write at least 1s and at most 1d")
    return CallsCollector(CallsSource(settings, parse_database(texts["url"]), ages, patience, _sorting(settings)))


def _sorting(settings: SourceSettings) -> Sorting:
    facts = option_list(settings, "facts") or DEFAULT_FACTS
    unknown = sorted(set(facts) - set(FACTS))
    if unknown:
        raise ValueError(f"facts: {unknown[0]!r} is not one of {', '.join(FACTS)}")
    metadata = option_list(settings, "metadata")
    taken = sorted(set(metadata) & (set(FACTS) | _ALREADY))
    if taken:
        raise ValueError(f"metadata: {taken[0]!r} is a name that is taken")
    return Sorting(tuple(dict.fromkeys(facts)), tuple(dict.fromkeys(metadata)))


TYPE = CollectorType(
    name="litellm",
    table="usage",
    summary="Tokens and calls of a LiteLLM proxy, from the spend logs in its PostgreSQL.",
    options=_OPTIONS,
    build=_build,
)
