"""Which counters of which inference server mean what."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """The counters of one kind of server.

    `cached` are counters of the input that came from a cache and is part of `input`: the first that is there counts.
    `chained` says that one request may be counted by several models, of which only those with tokens are meant.
    """

    input: str
    output: str
    requests: str
    cached: tuple[str, ...] = ()
    chained: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every counter that is asked for."""
        return (self.input, self.output, self.requests, *self.cached)


PRESETS: Mapping[str, Preset] = {
    "vllm": Preset(
        "vllm:prompt_tokens_total",
        "vllm:generation_tokens_total",
        "vllm:request_success_total",
        ("vllm:prompt_tokens_cached_total", "vllm:prefix_cache_hits_total"),
    ),
    "tgi": Preset("tgi_request_input_length_sum", "tgi_request_generated_tokens_sum", "tgi_request_count"),
    "sglang": Preset(
        "sglang:prompt_tokens_total",
        "sglang:generation_tokens_total",
        "sglang:num_requests_total",
        ("sglang:cached_tokens_total",),
    ),
    "triton": Preset(
        "nv_llm_input_token_len_sum", "nv_llm_output_token_len_sum", "nv_inference_request_success", chained=True
    ),
}
"""vLLM counts cached prompt tokens since 2026; before, hits of its prefix cache, which are tokens too. TGI and Triton
tell tokens as the sums of histograms, Triton by its TensorRT-LLM backend alone."""
