"""Prices of the installed genai-prices, held against its own calculation, and what it has no price for."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from examples import at_most
from genai_prices import Usage
from genai_prices.data import providers
from hypothesis import given, settings
from hypothesis import strategies as st

from attributor.estimating.listed_metrics import LISTED_METRICS
from attributor.estimating.price_list import GenaiPrices, ListedRate, NoRate, Sought

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def prices() -> GenaiPrices:
    return GenaiPrices()


def sought(model: str, metric: str = "tokens.input", provider: str = "", **more) -> Sought:
    return Sought(provider, model, metric, **{"service_tier": "", "context_window": "", "at": AT, **more})


def cost(prices: GenaiPrices, asked: Sought, quantity: int) -> Fraction:
    rate = prices.rate(asked)
    assert isinstance(rate, ListedRate), rate
    return Fraction(rate.price) / rate.per * quantity


COUNTS = st.integers(0, 10**6)
PLAIN = [
    (provider, model)
    for provider in providers
    if provider.id in {"openai", "anthropic", "google", "aws"}
    for model in provider.models
    if model.get_prices(AT).__dict__.get("input_mtok") is not None
    and model.get_prices(AT).__dict__.get("output_mtok") is not None
    and model.get_prices(AT).__dict__.get("requests_kcount") is None
]


@given(chosen=st.sampled_from(PLAIN), uncached=COUNTS, read=COUNTS, written=COUNTS, made=COUNTS)
@settings(max_examples=at_most(60), deadline=None)
def test_the_parts_of_a_call_cost_what_the_list_itself_says_of_the_whole(
    prices, chosen, uncached, read, written, made
) -> None:
    provider, model = chosen
    total = uncached + read + written
    window = f"{total - 1 if total else 0}-{total}"
    usage = Usage(input_tokens=total, cache_read_tokens=read, cache_write_tokens=written, output_tokens=made)
    whole = model.calc_price(usage, provider, genai_request_timestamp=AT).total_price
    counts = {"input": uncached, "cached_input": read, "cache_write_5m": written, "output": made}
    reference = next(name for name in (model.id, *_names(model)) if provider.find_model(name) is model)
    parts = sum(
        cost(prices, sought(reference, f"tokens.{kind}", provider.id, context_window=window), count)
        for kind, count in counts.items()
    )
    assert parts == Fraction(whole)


def _names(model) -> list[str]:
    clauses = getattr(model.match, "or_", [model.match])
    return [str(value) for clause in clauses for value in clause.__dict__.values()]


@pytest.mark.parametrize(
    ("provider", "model", "price"),
    [
        ("openai", "gpt-5-2025-08-07", "1.25"),
        ("anthropic", "claude-sonnet-4-5-20250929", "3"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3"),
        ("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "3"),
        ("aws", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3"),
        ("vertex_ai", "gemini-2.5-pro", "1.25"),
        ("google", "publishers/google/models/gemini-2.5-pro", "1.25"),
        ("gcp.vertex_ai", "claude-sonnet-4-5@20250929", "3"),
        ("azure.ai.openai", "gpt-5", "1.25"),
        ("azure_ai", "gpt-4o", "2.5"),
        ("", "gpt-5", "1.25"),
    ],
)
def test_models_are_known_by_the_names_that_each_provider_gives_them(prices, provider, model, price) -> None:
    assert cost(prices, sought(model, provider=provider), 10**6) == Decimal(price)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (sought("mystery-9", provider="openai"), "the model is not in the list"),
        (sought("my-deployment", provider="azure"), "the model is not in the list"),
        (sought("ft:gpt-5:acme::x", provider="openai"), "the model is not in the list"),
        (sought("gpt-5", provider="a new provider"), "the model is not in the list"),
        (sought(""), "the usage names no model"),
        (sought("gpt-5", service_tier="one_of_next_year"), "for the service tier `one_of_next_year`"),
        (sought("gpt-5", provider="azure", service_tier="batch"), "for the service tier `batch`"),
        (sought("gpt-5", service_tier="batch", at=datetime(2026, 8, 1, tzinfo=UTC)), "for the service tier `batch`"),
        (sought("gpt-4o-audio-preview", "tokens.input_audio"), "for tokens.input_audio"),
        (sought("gpt-5", "tokens.cache_write_12h"), "for tokens.cache_write_12h"),
        (sought("text-embedding-3-small", "tokens.output", "openai"), "for tokens.output"),
    ],
)
def test_what_the_list_does_not_hold_has_no_price_and_is_not_priced_as_something_else(prices, asked, reason) -> None:
    found = prices.rate(asked)
    assert isinstance(found, NoRate)
    assert reason in found.reason


def test_a_batch_and_a_faster_tier_have_prices_of_their_own(prices) -> None:
    tiers = {tier: cost(prices, sought("gpt-5", service_tier=tier), 10**6) for tier in ("default", "batch", "priority")}
    assert tiers == {"default": Fraction(5, 4), "batch": Fraction(5, 8), "priority": Fraction(5, 2)}


def test_writing_to_the_cache_costs_more_than_input_the_long_one_most_and_less_in_a_batch(prices) -> None:
    def of(kind: str, tier: str = "") -> Fraction:
        return cost(prices, sought("claude-opus-4-5", f"tokens.{kind}", service_tier=tier), 10**6)

    assert [of(kind) for kind in ("cached_input", "input", "cache_write_5m", "cache_write_1h")] == [
        Fraction(1, 2),
        5,
        Fraction(25, 4),
        10,
    ]
    assert of("cache_write_1h", "batch") == 5


def test_a_region_costs_more_than_the_same_model_anywhere(prices) -> None:
    regional, anywhere = (
        cost(prices, sought(f"{where}.anthropic.claude-sonnet-4-5-20250929-v1:0", provider="aws"), 10**6)
        for where in ("eu", "global")
    )
    assert regional / anywhere == Fraction(11, 10)


def test_an_image_an_audio_minute_and_a_search_have_prices_of_their_own(prices) -> None:
    assert cost(prices, sought("gpt-image-1", "tokens.input"), 10**6) == 5
    assert cost(prices, sought("gpt-image-1", "tokens.input_image"), 10**6) == 10
    assert cost(prices, sought("gpt-5", "web_searches"), 1000) == 10
    whisper = prices.rate(sought("whisper-large-v3", "transcription.seconds", "groq"))
    assert isinstance(whisper, ListedRate)
    assert whisper.per == 3600


def test_capacity_that_is_paid_ahead_costs_nothing_by_the_token_and_says_so(prices) -> None:
    for model, tier in (("gpt-5", "scale"), ("claude-sonnet-4-5", "priority")):
        rate = prices.rate(sought(model, service_tier=tier))
        assert isinstance(rate, ListedRate)
        assert (rate.price, "paid ahead" in rate.note) == (0, True)


def test_beyond_a_context_length_all_tokens_of_a_request_cost_more_output_among_them(prices) -> None:
    def of(metric: str, window: str) -> tuple[Fraction, str]:
        rate = prices.rate(sought("claude-sonnet-4-5", metric, context_window=window))
        assert isinstance(rate, ListedRate)
        return Fraction(rate.price), rate.note

    assert (of("tokens.input", "0-200k"), of("tokens.input", "200k-1M")) == ((3, ""), (6, ""))
    assert (of("tokens.output", "0-200k"), of("tokens.output", "200k-1M")) == ((15, ""), (Fraction(45, 2), ""))
    assert of("tokens.input", "") == (3, "up to 200000 tokens a request: their size is not told")
    assert of("tokens.input", "0-1M") == (3, "up to 200000 tokens a request: `0-1M` does not tell")


def test_prices_that_depend_on_the_time_of_day_are_told_apart_and_dated_ones_say_since_when(prices) -> None:
    assert prices.changes_within_days("deepseek", "deepseek-chat")
    assert not prices.changes_within_days("openai", "gpt-5")
    assert not prices.changes_within_days("openai", "mystery-9")
    rate = prices.rate(sought("gpt-5", service_tier="batch"))
    assert isinstance(rate, ListedRate)
    assert (rate.since, rate.model) == (date(2026, 10, 14), "openai/gpt-5")


@pytest.mark.slow
def test_every_model_of_the_list_answers_for_every_metric(prices) -> None:
    known = {price for provider in providers for model in provider.models for price in model.get_prices(AT).__dict__}
    assert {"input_mtok", "cache_write_1h_mtok", "web_searches_kcount"} <= known
    for provider in providers:
        for model in provider.models:
            for metric in LISTED_METRICS:
                assert prices.rate(sought(model.id, metric, provider.id)) is not None
