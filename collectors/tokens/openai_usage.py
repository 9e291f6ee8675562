"""The collector type `openai-usage`: what an OpenAI organization used, by the hour."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from collectors.api.asked import AskedOptions, ages
from collectors.api.buckets import BucketQuery, Result, ask_buckets
from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.openai import BOUNDS, PERMISSION, URL, VARIABLE
from collectors.api.results import rows_of_buckets
from collectors.api.rows import Row
from collectors.api.session import Session
from collectors.api.windows import HOUR, pieces
from collectors.base import Collector, CollectorType, Option, SourceSettings, Window
from collectors.http import Server
from collectors.options import option_list, option_texts
from collectors.tokens.counts import facts_of, usage_rows
from collectors.tokens.openai_counts import ENDPOINTS, Endpoint

_ASKED = AskedOptions(URL, VARIABLE, restates="3d", settles="15m")
_OPTIONS = (
    *_ASKED.options(),
    Option("endpoints", "What to ask for; without it everything.", "[completions, embeddings]", kind="list"),
)
_MOST_HOURS = 168
_FACTS = {
    "project_id": "project",
    "api_key_id": "api_key",
    "user_id": "user",
    "model": "model",
    "service_tier": "service_tier",
    "size": "image_size",
    "source": "image_source",
    "context_level": "search_context",
    "vector_store_id": "vector_store",
}


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    chosen = option_list(settings, "endpoints") or tuple(ENDPOINTS)
    unknown = sorted(set(chosen) - set(ENDPOINTS))
    if unknown:
        raise ValueError(f"endpoints: {unknown[0]!r} is not one of {', '.join(ENDPOINTS)}")
    server = Server(texts["url"], bearer_token=_ASKED.admin_key(texts))
    age = ages(texts)
    return ApiCollector(
        ApiSource(
            settings,
            "usage",
            server,
            partial(_fetch, chosen=chosen),
            PERMISSION,
            unit=HOUR,
            piece=timedelta(days=7),
            backfill=age.backfill,
            restates=age.restates,
            settles=age.settles,
        )
    )


def _fetch(session: Session, window: Window, chosen: Sequence[str]) -> Iterator[Answered]:
    """Ask every endpoint for the window; an hour is answered where all of them answered it."""
    answers = [_of_endpoint(session, window, name, ENDPOINTS[name]) for name in chosen]
    for hour in pieces(window, HOUR):
        if all(hour in rows for rows in answers):
            yield Answered(hour, [row for rows in answers for row in rows[hour]])


def _of_endpoint(session: Session, window: Window, name: str, endpoint: Endpoint) -> dict[Window, list[Row]]:
    path = f"organization/usage/{name}"
    query = BucketQuery(path, BOUNDS, HOUR, _MOST_HOURS, endpoint.group_by, endpoint.group_by)
    buckets = ask_buckets(session, query, window)
    return rows_of_buckets(f"{session.server.shown}/{path}", buckets, partial(_rows, name=name, endpoint=endpoint))


def _rows(span: Window, result: Result, name: str, endpoint: Endpoint) -> Iterator[Row]:
    facts = facts_of(result, [(_FACTS[theirs], theirs) for theirs in endpoint.group_by if theirs in _FACTS])
    if result.get("batch") is True:
        facts["service_tier"] = "batch"
    return usage_rows(span.start, endpoint.count(result), {"endpoint": name, **facts})


TYPE = CollectorType(
    name="openai-usage",
    table="usage",
    summary="Tokens, requests, images, audio and searches of an OpenAI organization, from its usage API.",
    options=_OPTIONS,
    build=_build,
)
