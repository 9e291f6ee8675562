"""Mistakes that bills of model providers invite, each as a rule that OpenAI's and Anthropic's sources keep."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bucket_api import anthropic_buckets, openai_buckets
from hypothesis import given
from hypothesis import strategies as st
from recorded_api import RecordedApi

from collectors.api.results import ResultError
from collectors.api.windows import DAY, HOUR
from collectors.base import CollectorType, Window
from collectors.bills import anthropic_cost, openai_costs
from collectors.tokens import anthropic_usage, openai_usage
from collectors.tokens.anthropic_usage import message_counts
from collectors.tokens.langfuse.counts import observed_counts
from collectors.tokens.openai_counts import ENDPOINTS, token_counts

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = Window(MIDNIGHT - HOUR, MIDNIGHT)
YESTERDAY = Window(MIDNIGHT - DAY, MIDNIGHT)
COUNT = st.integers(0, 10**12)
INPUT = ("input", "input_audio", "input_image", "cached_input", "cached_input_audio", "cached_input_image")


def completion(**changed: Any) -> dict[str, Any]:
    counts = {"input_tokens": 100, "output_tokens": 7, "num_model_requests": 1, "model": "gpt-5-2025-08-07"}
    return {**counts, **changed}


def message(**changed: Any) -> dict[str, Any]:
    return {
        "uncached_input_tokens": 60,
        "cache_read_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 6, "ephemeral_1h_input_tokens": 4},
        "output_tokens": 7,
        "model": "claude-sonnet-4-5",
        **changed,
    }


def dollars(value: Any, **changed: Any) -> dict[str, Any]:
    return {"amount": {"value": value, "currency": "usd"}, "line_item": "gpt-5, input", **changed}


def cents(value: str, **changed: Any) -> dict[str, Any]:
    return {"amount": value, "currency": "USD", "description": "Output", "cost_type": "tokens", **changed}


@pytest.fixture
def read(api: RecordedApi, collecting) -> Callable[..., list[dict[str, Any]]]:
    """Reads what a source makes of these results, of one hour or one day."""
    paths = {
        "openai-usage": "/organization/usage/completions",
        "openai-costs": "/organization/costs",
        "anthropic-usage": "/v1/organizations/usage_report/messages",
        "anthropic-cost": "/v1/organizations/cost_report",
    }

    def reading(kind: CollectorType, *results: dict[str, Any], endpoint: str = "completions") -> list[dict[str, Any]]:
        buckets = openai_buckets if kind.name.startswith("openai") else anthropic_buckets
        api.on(paths[kind.name].replace("completions", endpoint), buckets(lambda _start: results))
        more = {"endpoints": [endpoint]} if kind.name == "openai-usage" else {}
        window = HOURS if kind.table == "usage" else YESTERDAY
        rows: list[dict[str, Any]] = collecting.read(kind, window, url=api.url, admin_key="key", **more).rows
        return rows

    return reading


def facts(rows: Iterable[dict[str, Any]], name: str) -> set[str | None]:
    return {dict(row["facts"]).get(name) for row in rows}


def test_the_same_call_counts_alike_whether_its_provider_includes_the_cache_in_input_or_not() -> None:
    inclusive = token_counts(completion(input_cached_tokens=30, input_cache_write_tokens=10))
    exclusive = message_counts(message())
    for metric in ("tokens.input", "tokens.cached_input", "tokens.output"):
        assert inclusive[metric] == exclusive[metric]
    assert inclusive["tokens.cache_write_30m"] == 10
    assert exclusive["tokens.cache_write_5m"] + exclusive["tokens.cache_write_1h"] == 10


@given(st.tuples(*[COUNT] * 8), st.tuples(*[COUNT] * 3), st.booleans())
def test_every_token_is_in_one_metric_none_is_negative_and_all_of_them_are_the_total(parts, made, told) -> None:
    text, audio, image, cached, cached_audio, cached_image, short, long = parts
    result = completion(
        input_tokens=sum(parts),
        input_cached_tokens=cached + cached_audio + cached_image,
        input_cache_write_tokens=short + long,
        input_cache_write_12h_tokens=long,
        input_audio_tokens=audio,
        input_image_tokens=image,
        input_cached_audio_tokens=cached_audio,
        input_cached_image_tokens=cached_image,
        output_tokens=sum(made),
        output_audio_tokens=made[1],
        output_image_tokens=made[2],
    )
    if told:
        result |= {"input_uncached_tokens": text + audio + image, "input_text_tokens": text}
        result |= {"input_cache_write_30m_tokens": short, "output_text_tokens": made[0]}
    counts = token_counts(result)
    found = [counts[f"tokens.{name}"] for name in (*INPUT, "cache_write_30m", "cache_write_12h")]
    assert found == list(parts)
    assert [counts[f"tokens.{name}"] for name in ("output", "output_audio", "output_image")] == list(made)
    assert sum(count for metric, count in counts.items() if metric != "requests") == sum(parts) + sum(made)


def test_a_total_that_left_the_cache_out_is_refused_and_no_negative_count_comes_of_it() -> None:
    with pytest.raises(ResultError, match="is less than its parts, which are 120"):
        token_counts(completion(input_tokens=100, input_cached_tokens=120))


def test_cache_writes_are_apart_by_their_lifetime_and_short_where_it_is_not_told() -> None:
    told = token_counts(completion(input_cache_write_tokens=10, input_cache_write_12h_tokens=4))
    assert (told["tokens.cache_write_30m"], told["tokens.cache_write_12h"]) == (6, 4)
    untold = token_counts(completion(input_cache_write_tokens=10))
    assert (untold["tokens.cache_write_30m"], untold["tokens.cache_write_12h"]) == (10, 0)


def test_reasoning_is_inside_output_and_is_not_added_to_it() -> None:
    assert token_counts(completion(output_reasoning_tokens=5))["tokens.output"] == 7
    assert message_counts(message(output_tokens_details={"thinking_tokens": 5}))["tokens.output"] == 7


def test_geminis_answer_leaves_its_thoughts_out_so_that_they_are_added() -> None:
    gemini = {"promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 10}
    counts = observed_counts({**gemini, "thoughtsTokenCount": 5, "totalTokenCount": 115}, inclusive=False)
    assert counts == {"tokens.input": 60, "tokens.cached_input": 40, "tokens.output": 10, "tokens.reasoning": 5}
    assert sum(counts.values()) == 115


def test_long_context_is_told_apart_so_that_its_tokens_can_have_their_own_price(read) -> None:
    rows = read(anthropic_usage.TYPE, message(context_window="0-200k"), message(context_window="200k-1M"))
    assert facts(rows, "context_window") == {"0-200k", "200k-1M"}
    assert len({row["x_Origin"] for row in rows}) == len(rows) == 10


def test_batches_are_told_apart_by_the_same_fact_at_both_providers(read) -> None:
    openai = read(openai_usage.TYPE, completion(batch=True, service_tier=None))
    anthropic = read(anthropic_usage.TYPE, message(service_tier="batch"))
    assert facts(openai, "service_tier") == facts(anthropic, "service_tier") == {"batch"}


def test_every_service_tier_is_kept_even_one_that_is_new(read) -> None:
    tiers = ("standard", "priority", "flex", "one_of_next_year")
    rows = read(anthropic_usage.TYPE, *(message(service_tier=tier) for tier in tiers))
    assert facts(rows, "service_tier") == set(tiers)


def test_searches_are_counted_and_the_requests_of_their_models_not_a_second_time(read) -> None:
    search = {"num_requests": 4, "num_model_requests": 3, "model": "gpt-5"}
    rows = read(openai_usage.TYPE, search, endpoint="web_search_calls")
    assert [(row["metric"], row["quantity"]) for row in rows] == [("web_searches", 4)]
    assert message_counts(message(server_tool_use={"web_search_requests": 4}))["web_searches"] == 4


def test_tool_fees_come_with_the_bill_by_what_they_are_for(read) -> None:
    rows = read(anthropic_cost.TYPE, *(cents("1", cost_type=kind, description=kind) for kind in ("web_search", "new")))
    assert {row["SkuMeter"] for row in rows} == {"web_search", "new"}


def test_audio_and_images_are_not_counted_as_text() -> None:
    counts = token_counts(completion(input_audio_tokens=20, input_image_tokens=30, output_audio_tokens=6))
    assert {metric: count for metric, count in counts.items() if count and metric != "requests"} == {
        "tokens.input": 50,
        "tokens.input_audio": 20,
        "tokens.input_image": 30,
        "tokens.output": 1,
        "tokens.output_audio": 6,
    }


@pytest.mark.parametrize("endpoint", ["embeddings", "moderations"])
def test_embeddings_and_moderations_have_no_output(endpoint: str) -> None:
    assert ENDPOINTS[endpoint].count({"input_tokens": 9, "num_model_requests": 2}) == {"tokens.input": 9, "requests": 2}


def test_where_it_ran_is_kept_and_what_is_not_available_is_no_place(read) -> None:
    rows = read(anthropic_usage.TYPE, message(inference_geo="us"), message(inference_geo="not_available"))
    assert facts(rows, "inference_geo") == {"us", None}
    [charge] = read(anthropic_cost.TYPE, cents("1", inference_geo="not_available"))
    assert "inference_geo" not in dict(charge["Tags"])


def test_a_model_keeps_the_name_that_the_provider_gives_and_usage_without_one_is_not_dropped(read) -> None:
    rows = read(openai_usage.TYPE, completion(), completion(model="ft:gpt-4o:acme::x"), completion(model=None))
    assert facts(rows, "model") == {"gpt-5-2025-08-07", "ft:gpt-4o:acme::x", None}
    assert sum(row["quantity"] for row in rows if row["metric"] == "tokens.input") == 300


def test_dollars_at_one_provider_and_cents_at_the_other_are_the_same_money(read) -> None:
    [openai] = read(openai_costs.TYPE, dollars("18.34275"))
    [anthropic] = read(anthropic_cost.TYPE, cents("1834.275"))
    assert openai["BilledCost"] == anthropic["BilledCost"] == Decimal("18.34275")


def test_a_day_is_that_of_utc_and_the_one_that_runs_is_not_read(api: RecordedApi, collecting) -> None:
    api.on("/organization/costs", openai_buckets(lambda start: [dollars(start.day)]))
    now = MIDNIGHT + timedelta(hours=23, minutes=59)
    window = Window(MIDNIGHT - DAY, MIDNIGHT + DAY)
    collected = collecting.read(openai_costs.TYPE, window, now, url=api.url, admin_key="key", settles="0h")
    assert [(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in collected.rows] == [
        (MIDNIGHT - DAY, MIDNIGHT)
    ]


def test_a_month_is_not_cut_to_the_seven_buckets_that_are_answered_unasked(api: RecordedApi, collecting) -> None:
    api.on("/organization/costs", openai_buckets(lambda start: [dollars(start.day)], a_page=7))
    collected = collecting.read(openai_costs.TYPE, url=api.url, admin_key="key")
    assert [asked.query["limit"] for asked in api.requests] == ["31"] * 5
    assert len(collected.rows) == 31


def test_credits_lower_the_bill_and_currencies_are_never_added(read) -> None:
    euros = {"amount": {"value": "3", "currency": "eur"}, "line_item": "VAT"}
    rows = read(openai_costs.TYPE, dollars("5"), dollars("-2", line_item="Credit"), euros)
    by_currency: dict[str, Decimal] = {}
    for row in rows:
        by_currency[row["BillingCurrency"]] = by_currency.get(row["BillingCurrency"], Decimal(0)) + row["BilledCost"]
    assert by_currency == {"USD": Decimal(3), "EUR": Decimal(3)}


def test_what_has_no_workspace_key_or_project_is_a_bucket_of_its_own_and_is_kept(read) -> None:
    rows = read(anthropic_usage.TYPE, message(workspace_id="wrkspc_a", api_key_id="key_a"), message())
    assert facts(rows, "workspace") == {"wrkspc_a", "default"}
    assert facts(rows, "api_key") == {"key_a", None}
    [charge] = read(anthropic_cost.TYPE, cents("1", workspace_id=None))
    assert charge["SubAccountId"] == dict(charge["Tags"])["workspace"] == "default"
    openai = read(openai_usage.TYPE, completion(project_id="proj_a"), completion(project_id=None))
    assert facts(openai, "project") == {"proj_a", None}
