"""The collector type `anthropic-usage`: what a Claude organization used, by the hour."""

from collections.abc import Iterator
from datetime import timedelta

from collectors.api.anthropic import BOUNDS, DEFAULT_WORKSPACE, PERMISSION, URL, VARIABLE, anthropic_server
from collectors.api.asked import AskedOptions, ages
from collectors.api.buckets import BucketQuery, Result, ask_buckets
from collectors.api.collector import Answered, ApiCollector, ApiSource
from collectors.api.results import ResultError, rows_of_buckets
from collectors.api.rows import Row
from collectors.api.session import Session
from collectors.api.windows import HOUR
from collectors.base import Collector, CollectorType, SourceSettings, Window
from collectors.options import option_texts
from collectors.tokens.counts import Counts, counted, facts_of, optional, usage_rows

_ASKED = AskedOptions(URL, VARIABLE, restates="3d", settles="15m")
_OPTIONS = _ASKED.options()
_PATH = "v1/organizations/usage_report/messages"
_MOST_HOURS = 168
_FACTS = (
    ("workspace", "workspace_id"),
    ("api_key", "api_key_id"),
    ("user", "account_id"),
    ("service_account", "service_account_id"),
    ("model", "model"),
    ("service_tier", "service_tier"),
    ("context_window", "context_window"),
    ("inference_geo", "inference_geo"),
)
_GROUP_BY = tuple(theirs for _, theirs in _FACTS)
_QUERY = BucketQuery(_PATH, BOUNDS, HOUR, _MOST_HOURS, _GROUP_BY, _GROUP_BY)


def _build(settings: SourceSettings) -> Collector:
    texts = option_texts(settings, _OPTIONS)
    age = ages(texts)
    return ApiCollector(
        ApiSource(
            settings,
            "usage",
            anthropic_server(texts["url"], _ASKED.admin_key(texts)),
            _fetch,
            PERMISSION,
            unit=HOUR,
            piece=timedelta(days=7),
            backfill=age.backfill,
            restates=age.restates,
            settles=age.settles,
        )
    )


def _fetch(session: Session, window: Window) -> Iterator[Answered]:
    buckets = ask_buckets(session, _QUERY, window)
    for hour, rows in rows_of_buckets(f"{session.server.shown}/{_PATH}", buckets, _rows).items():
        yield Answered(hour, rows)


def _rows(hour: Window, result: Result) -> Iterator[Row]:
    facts = facts_of(result, _FACTS)
    facts["workspace"] = facts["workspace"] or DEFAULT_WORKSPACE
    if facts["inference_geo"] == "not_available":
        facts["inference_geo"] = None
    return usage_rows(hour.start, message_counts(result), facts)


def message_counts(result: Result) -> Counts:
    """Count a result: its four kinds of input exclude each other, and thinking is inside its output."""
    written = _within(result, "cache_creation")
    if written is None:
        raise ResultError("cache_creation", None, "is missing; what was written to the cache is not known without it")
    tools = _within(result, "server_tool_use") or {}
    return {
        "tokens.input": counted(result, "uncached_input_tokens"),
        "tokens.cached_input": counted(result, "cache_read_input_tokens"),
        "tokens.cache_write_5m": counted(written, "ephemeral_5m_input_tokens"),
        "tokens.cache_write_1h": counted(written, "ephemeral_1h_input_tokens"),
        "tokens.output": counted(result, "output_tokens"),
        "web_searches": optional(tools, "web_search_requests") or 0,
    }


def _within(result: Result, field: str) -> Result | None:
    value = result.get(field)
    if value is not None and not isinstance(value, dict):
        raise ResultError(field, value, "is no set of counts")
    return value


TYPE = CollectorType(
    name="anthropic-usage",
    table="usage",
    summary="Tokens and web searches of a Claude organization, from its usage report.",
    options=_OPTIONS,
    build=_build,
)
