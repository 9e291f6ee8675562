"""What each endpoint of OpenAI's usage API counts, in the normal form.

`input_tokens` holds everything: uncached, read from the cache and written to it, of every kind. The counts of text,
audio and image are of uncached input alone. Reasoning is inside `output_tokens` and is not told apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collectors.api.buckets import Result
from collectors.tokens.counts import Counts, agreed, counted, optional, parted

_BY_MODEL = ("project_id", "user_id", "api_key_id", "model")
_BY_PROJECT = ("project_id",)


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: what its results are grouped by, and how they are counted."""

    group_by: tuple[str, ...]
    count: Callable[[Result], Counts]


def token_counts(result: Result) -> Counts:
    """Count a result of completions; input is six metrics and output three, and both sum to the provider's totals."""
    total = counted(result, "input_tokens")
    cached = optional(result, "input_cached_tokens") or 0
    written = optional(result, "input_cache_write_tokens") or 0
    agreed(result, "input_uncached_tokens", total - cached - written)
    uncached = parted(
        total,
        {
            "cached": cached,
            "written": written,
            "tokens.input_audio": optional(result, "input_audio_tokens") or 0,
            "tokens.input_image": optional(result, "input_image_tokens") or 0,
        },
        "tokens.input",
        "input_tokens",
    )
    agreed(result, "input_text_tokens", uncached["tokens.input"])
    read = {
        "tokens.cached_input_audio": optional(result, "input_cached_audio_tokens") or 0,
        "tokens.cached_input_image": optional(result, "input_cached_image_tokens") or 0,
    }
    return {
        **{metric: count for metric, count in uncached.items() if metric.startswith("tokens.")},
        **parted(cached, read, "tokens.cached_input", "input_cached_tokens"),
        **_written(result, written),
        **_output(result),
        "requests": counted(result, "num_model_requests"),
    }


def _written(result: Result, written: int) -> Counts:
    """Part the tokens that were written to the cache; those without a lifetime count as the short one."""
    long = {"tokens.cache_write_12h": optional(result, "input_cache_write_12h_tokens") or 0}
    counts = parted(written, long, "tokens.cache_write_30m", "input_cache_write_tokens")
    short = optional(result, "input_cache_write_30m_tokens")
    if short is not None and short > counts["tokens.cache_write_30m"]:
        agreed(result, "input_cache_write_30m_tokens", counts["tokens.cache_write_30m"])
    return counts


def _output(result: Result) -> Counts:
    total = counted(result, "output_tokens")
    parts = {
        "tokens.output_audio": optional(result, "output_audio_tokens") or 0,
        "tokens.output_image": optional(result, "output_image_tokens") or 0,
    }
    counts = parted(total, parts, "tokens.output", "output_tokens")
    agreed(result, "output_text_tokens", counts["tokens.output"])
    return counts


def _inputs(result: Result) -> Counts:
    return {"tokens.input": counted(result, "input_tokens"), "requests": counted(result, "num_model_requests")}


def _single(metric: str, field: str) -> Callable[[Result], Counts]:
    return lambda result: {metric: counted(result, field)}


def _with_requests(metric: str, field: str) -> Callable[[Result], Counts]:
    return lambda result: {metric: counted(result, field), "requests": counted(result, "num_model_requests")}


_TOKENS = Endpoint((*_BY_MODEL, "batch", "service_tier"), token_counts)

ENDPOINTS: Mapping[str, Endpoint] = {
    "completions": _TOKENS,
    "decisions": _TOKENS,
    "embeddings": Endpoint(_BY_MODEL, _inputs),
    "moderations": Endpoint(_BY_MODEL, _inputs),
    "images": Endpoint((*_BY_MODEL, "size", "source"), _with_requests("images", "images")),
    "audio_speeches": Endpoint(_BY_MODEL, _with_requests("speech.characters", "characters")),
    "audio_transcriptions": Endpoint(_BY_MODEL, _with_requests("transcription.seconds", "seconds")),
    "code_interpreter_sessions": Endpoint(_BY_PROJECT, _single("code_sessions", "num_sessions")),
    "file_search_calls": Endpoint((*_BY_MODEL[:3], "vector_store_id"), _single("file_searches", "num_requests")),
    "web_search_calls": Endpoint((*_BY_MODEL, "context_level"), _single("web_searches", "num_requests")),
}
"""By the last part of the path. The model requests of searches are those of completions, and counted there."""
