"""One call's usage in the normal form: no token counted twice, and all of them the total."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.tokens.inclusive import call_counts

COUNTS = st.one_of(st.none(), st.integers(-5, 5000), st.just("many"), st.floats(0, 50))
NAMES = (
    "cached_tokens",
    "cache_write_tokens",
    "cache_creation_tokens",
    "audio_tokens",
    "image_tokens",
    "reasoning_tokens",
)
DETAILS = st.one_of(st.none(), st.dictionaries(st.sampled_from(NAMES), COUNTS))
USAGES = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": COUNTS,
        "prompt_tokens_details": DETAILS,
        "completion_tokens_details": DETAILS,
        "cache_read_input_tokens": COUNTS,
        "cache_creation_input_tokens": COUNTS,
    },
)


@pytest.mark.parametrize(
    ("prompt", "completion", "usage", "counts"),
    [
        pytest.param(100, 20, {}, {"tokens.input": 100, "tokens.output": 20}, id="no details"),
        pytest.param(
            1532,
            120,
            {
                "prompt_tokens": 1532,
                "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 8, "text_tokens": 1524},
                "completion_tokens_details": {"reasoning_tokens": 64, "audio_tokens": 6},
            },
            {
                "tokens.input": 500,
                "tokens.cached_input": 1024,
                "tokens.input_audio": 8,
                "tokens.output": 50,
                "tokens.reasoning": 64,
                "tokens.output_audio": 6,
            },
            id="as OpenAI says it",
        ),
        pytest.param(
            100,
            90,
            {"completion_tokens_details": {"accepted_prediction_tokens": 20, "rejected_prediction_tokens": 40}},
            {"tokens.input": 100, "tokens.output": 90},
            id="predictions that were rejected are output that is paid for",
        ),
        pytest.param(
            3000,
            10,
            {
                "prompt_tokens": 3000,
                "cache_read_input_tokens": 2000,
                "cache_creation_input_tokens": 900,
                "prompt_tokens_details": {
                    "cached_tokens": 2000,
                    "cache_creation_tokens": 900,
                    "cache_creation_token_details": {
                        "ephemeral_5m_input_tokens": 300,
                        "ephemeral_1h_input_tokens": 600,
                    },
                },
            },
            {
                "tokens.input": 100,
                "tokens.cached_input": 2000,
                "tokens.cache_write_5m": 300,
                "tokens.cache_write_1h": 600,
                "tokens.output": 10,
            },
            id="Anthropic through a gateway, each cached token told twice",
        ),
        pytest.param(
            100,
            10,
            {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 5},
            {"tokens.input": 100, "tokens.cached_input": 40, "tokens.cache_write_5m": 5, "tokens.output": 10},
            id="in Anthropic's own words, input without the cache",
        ),
        pytest.param(
            100,
            10,
            {"prompt_tokens": 100, "cache_read_input_tokens": 4000},
            {"tokens.input": 100, "tokens.cached_input": 4000, "tokens.output": 10},
            id="more read from the cache than the prompt has",
        ),
        pytest.param(
            10,
            50,
            {"completion_tokens_details": {"reasoning_tokens": 80}},
            {"tokens.input": 10, "tokens.reasoning": 50},
            id="more reasoning than output",
        ),
    ],
)
def test_every_token_is_in_one_metric(
    prompt: int, completion: int, usage: dict[str, Any], counts: dict[str, int]
) -> None:
    assert call_counts(prompt, completion, usage) == counts


@given(st.integers(0, 10_000), st.integers(0, 10_000), USAGES)
def test_the_parts_are_the_total_whatever_the_object_says(prompt: int, completion: int, usage: dict[str, Any]) -> None:
    counts = call_counts(prompt, completion, usage)
    assert all(count > 0 for count in counts.values())
    outputs = {"tokens.reasoning"} | {metric for metric in counts if metric.startswith("tokens.output")}
    assert sum(count for metric, count in counts.items() if metric in outputs) == completion
    inputs = sum(count for metric, count in counts.items() if metric not in outputs)
    cached = sum(count for metric, count in counts.items() if "cache" in metric)
    assert inputs in {prompt, prompt + cached}
