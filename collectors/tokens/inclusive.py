"""One call's usage object, as gateways write it, in the normal form: every token in one metric, all of them the total.

The prompt's total holds what was read from and written to the cache, and images and audio; the completion's total holds
reasoning. An object in Anthropic's own words, whose input holds no cached token, is told apart and added up first.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Usage = Mapping[str, Any]
Counts = dict[str, int]
"""Quantity by metric; only those that count something."""

_WRITES = (
    ("tokens.cache_write_30m", "ephemeral_30m_input_tokens"),
    ("tokens.cache_write_1h", "ephemeral_1h_input_tokens"),
    ("tokens.cache_write_12h", "ephemeral_12h_input_tokens"),
)


def call_counts(prompt: int, completion: int, usage: Usage) -> Counts:
    """Part a prompt's and a completion's total by what the usage object says of them.

    The parts sum to the totals whatever the object says: a part takes at most what the parts before it left, and what
    no part takes is `tokens.input` and `tokens.output`. Cache writes of no stated lifetime count as the short one.
    """
    details = _mapping(usage, "prompt_tokens_details", "input_tokens_details")
    made = _mapping(usage, "completion_tokens_details", "output_tokens_details")
    read = _count(details.get("cached_tokens"), usage.get("cache_read_input_tokens"))
    writes = _writes(usage, details)
    cached = read + sum(count for _, count in writes)
    inputs = [
        ("tokens.cached_input", read),
        *writes,
        ("tokens.input_audio", _count(details.get("audio_tokens"))),
        ("tokens.input_image", _count(details.get("image_tokens"))),
    ]
    outputs = [
        ("tokens.reasoning", _count(made.get("reasoning_tokens"))),
        ("tokens.output_audio", _count(made.get("audio_tokens"))),
        ("tokens.output_image", _count(made.get("image_tokens"))),
    ]
    whole = prompt + cached if _is_exclusive(prompt, cached, usage) else prompt
    return {**parted(whole, "tokens.input", inputs), **parted(completion, "tokens.output", outputs)}


def _is_exclusive(prompt: int, cached: int, usage: Usage) -> bool:
    """Say whether the prompt's total leaves out what was read from and written to the cache."""
    if cached > prompt:
        return True
    own_words = "input_tokens" in usage and "prompt_tokens" not in usage and "input_tokens_details" not in usage
    return own_words and usage["input_tokens"] == prompt


def _writes(usage: Usage, details: Usage) -> list[tuple[str, int]]:
    written = _count(
        details.get("cache_write_tokens"),
        details.get("cache_creation_tokens"),
        usage.get("cache_creation_input_tokens"),
    )
    lifetimes = _mapping(details, "cache_creation_token_details") or _mapping(usage, "cache_creation")
    long = [(metric, _count(lifetimes.get(field))) for metric, field in _WRITES]
    return [*long, ("tokens.cache_write_5m", max(0, written - sum(count for _, count in long)))]


def parted(total: int, rest: str, parts: Iterable[tuple[str, int]]) -> Counts:
    """Part a total into metrics, in order; what no part takes is `rest`."""
    counts, left = Counts(), total
    for metric, wanted in parts:
        count = min(wanted, left)
        if count:
            counts[metric] = count
        left -= count
    return {rest: left, **counts} if left else counts


def _count(*values: object) -> int:
    """Return the first value that is a count of more than 0, else 0."""
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        if isinstance(value, float) and value > 0 and value.is_integer():
            return int(value)
    return 0


def _mapping(of: Usage, *names: str) -> Usage:
    found = (of.get(name) for name in names)
    return next((value for value in found if isinstance(value, Mapping)), {})
