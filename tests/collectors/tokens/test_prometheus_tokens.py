"""Tokens of inference servers from a real Prometheus, on counters as vLLM, TGI, SGLang and Triton write them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from recorded_api import Answer, RecordedApi, throttled

from collectors.base import CollectError, Window
from collectors.gpus.prometheus import TYPE as GPUS
from collectors.tokens.inference.counters import HOUR, Counter, increase, within, without_replicas
from collectors.tokens.inference.prometheus import TYPE

GOLDEN = Path(__file__).parents[1] / "golden" / "prometheus-tokens"
START = datetime(2026, 11, 19, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 19, 5, 0, 30, tzinfo=UTC)
VLLM = 'instance="10.0.0.1:8000",job="vllm",namespace="search",pod="vllm-0",cluster="llm",engine="0",model_name="llama"'
NEW = VLLM.replace('"10.0.0.1:8000"', '"10.0.0.9:8000"').replace("vllm-0", "vllm-9")
TGI = 'instance="10.0.0.2:80",job="tgi",namespace="ads"'
SGLANG = 'instance="10.0.0.3:30000",job="sglang",namespace="ads",model_name="qwen"'
TRITON = 'instance="10.0.0.4:8002",job="triton",namespace="vision"'
VISION = 'instance="10.0.0.5:8002",job="triton",namespace="vision"'


def grown(first: int, step: int, minutes: Iterable[int]) -> list[tuple[int, int]]:
    return [(minute, first + step * number) for number, minute in enumerate(minutes)]


def series() -> dict[str, list[tuple[str, list[tuple[int, int]]]]]:
    """Five hours by the minute: hour 4 is not over, nothing is scraped in hour 3."""
    restarted = [*grown(1_000_000, 100, range(90)), *grown(50, 10, range(90, 180)), *grown(5_000, 0, range(240, 300))]
    stop, length = f'{VLLM},finished_reason="stop"', f'{VLLM},finished_reason="length"'
    return {
        "vllm:prompt_tokens_total": [
            (VLLM, restarted),
            (f'{VLLM},replica="b"', restarted[5:]),
            (NEW, grown(700, 7, range(70, 180))),
        ],
        "vllm:prefix_cache_hits_total": [(VLLM, grown(10, 30, range(180))), (NEW, grown(0, 3, range(70, 180)))],
        "vllm:generation_tokens_total": [(VLLM, grown(0, 20, range(180)))],
        "vllm:request_success_total": [(stop, grown(5, 2, range(180))), (length, grown(1, 1, range(150, 180)))],
        "tgi_request_input_length_sum": [(TGI, grown(9, 50, range(60)))],
        "tgi_request_generated_tokens_sum": [(TGI, grown(9, 5, range(60)))],
        "tgi_request_count": [(TGI, grown(9, 1, range(60)))],
        "sglang:prompt_tokens_total": [(SGLANG, grown(0, 40, range(60)))],
        "sglang:cached_tokens_total": [
            (f'{SGLANG},cache_source="device"', grown(0, 10, range(60))),
            (f'{SGLANG},cache_source="host"', grown(0, 5, range(60))),
        ],
        "sglang:generation_tokens_total": [(SGLANG, grown(0, 4, range(60)))],
        "sglang:num_requests_total": [(SGLANG, grown(0, 1, range(60)))],
        "nv_llm_input_token_len_sum": [(f'{TRITON},model="tensorrt_llm"', grown(0, 8, range(60)))],
        "nv_llm_output_token_len_sum": [(f'{TRITON},model="tensorrt_llm"', grown(0, 2, range(60)))],
        "nv_inference_request_success": [
            *((f'{TRITON},model="{name}"', grown(0, 1, range(60))) for name in ("ensemble", "tensorrt_llm")),
            (f'{VISION},model="resnet"', grown(0, 3, range(60))),
        ],
        "up": [('instance="10.0.0.1:8000",job="vllm"', grown(1, 0, range(180)))],
    }


def openmetrics() -> str:
    groups = []
    for metric, found in series().items():
        lines = [
            f"{metric}{{{labels}}} {value} {int(START.timestamp()) + 60 * minute}"
            for labels, samples in found
            for minute, value in samples
        ]
        # Names without a type are untyped, which promtool takes with any suffix.
        groups.append("\n".join(lines))
    return "\n".join([*groups, "# EOF\n"])


@pytest.fixture(scope="module")
def prometheus(start_prometheus: Callable) -> str:
    return start_prometheus(openmetrics()).url


@pytest.fixture
def read(prometheus: str, collecting) -> Callable:
    def reading(window: Window | None = None, **options: object):
        return collecting.read(TYPE, window, NOW, url=prometheus, **options)

    return reading


def sums(collected, **wanted: str) -> dict[int, dict[str, Decimal]]:
    found: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in collected.rows:
        if wanted.items() <= dict(row["facts"]).items():
            found[row["hour"].hour][row["metric"]] += row["quantity"]
    return {hour: dict(metrics) for hour, metrics in found.items()}


@pytest.mark.slow
def test_every_token_of_vllm_is_counted_once_over_a_restart(read) -> None:
    by_hour = sums(read(presets=["vllm"], selector='pod="vllm-0"'), model="llama", namespace="search", server="vllm")
    # 59 steps in the first hour, whose first sample is where counting starts; then 60 an hour.
    assert by_hour[0] == {
        "tokens.input": 59 * 70,
        "tokens.cached_input": 59 * 30,
        "tokens.output": 59 * 20,
        "requests": 59 * 2,
    }
    restarted = 30 * 100 + 50 + 29 * 10
    assert by_hour[1]["tokens.input"] + by_hour[1]["tokens.cached_input"] == restarted
    assert by_hour[2]["tokens.cached_input"] == 600, "hits run ahead of the total, which holds"
    assert "tokens.input" not in by_hour[2]


@pytest.mark.slow
def test_a_series_counts_from_nought_where_its_server_was_scraped_without_it(read) -> None:
    by_hour = sums(read(presets=["vllm"], selector='pod="vllm-0"'))
    assert by_hour[2]["requests"] == 60 * 2 + 30, "the first request that ended by its length is there"
    new = sums(read(presets=["vllm"], selector='pod="vllm-9"'))
    assert sum(new[1].values()) == 49 * 7, "nobody knows what this one counted before it was seen first"


@pytest.mark.slow
def test_each_kind_of_server_has_the_normal_form(read) -> None:
    collected = read(model="mistral")
    assert sums(collected, server="tgi") == {0: {"tokens.input": 2950, "tokens.output": 295, "requests": 59}}
    assert sums(collected, server="tgi", model="mistral", namespace="ads")
    assert sums(collected, server="sglang", model="qwen") == {
        0: {"tokens.input": 59 * 25, "tokens.cached_input": 59 * 15, "tokens.output": 59 * 4, "requests": 59}
    }


@pytest.mark.slow
def test_a_request_through_a_chain_of_models_is_one_request(read) -> None:
    collected = read(presets=["triton"])
    assert sums(collected, model="tensorrt_llm") == {
        0: {"tokens.input": 59 * 8, "tokens.output": 59 * 2, "requests": 59}
    }
    assert sums(collected, model="ensemble") == {}
    assert sums(collected, model="resnet") == {0: {"requests": 59 * 3}}


@pytest.mark.slow
def test_an_hour_without_samples_is_a_gap_and_windows_change_nothing(read) -> None:
    whole = read(facts=["pod"], pool_label="cluster")
    assert whole.reading.coverage == (
        Window(START, START + 3 * HOUR),
        Window(START + 4 * HOUR, START + 5 * HOUR),
    )
    assert {row["pool"] for row in whole.rows} == {"llm", "source"}
    for first in range(4):
        window = Window(START + first * HOUR, START + (first + 2) * HOUR)
        rows = [row for row in whole.rows if window.start <= row["hour"] < window.end]
        assert read(window, facts=["pod"], pool_label="cluster").rows == rows


@pytest.mark.slow
def test_recorded_servers_give_their_golden_table(read, prometheus: str, golden: Callable) -> None:
    golden(GOLDEN / "table.json", read(), replacing=(prometheus, ""))


def counter(*samples: tuple[int, str], **labels: str) -> Counter:
    return Counter("tokens", labels, [(START + timedelta(minutes=at), Decimal(value)) for at, value in samples])


def test_steps_belong_to_the_hour_of_their_later_sample_and_lose_nothing() -> None:
    whole = counter((10, "5"), (59, "9"), (61, "12"), (110, "2"), (130, "2"), (170, "4.5"))
    hours = [START + number * HOUR for number in range(4)]
    cut = [within(whole, hour) for hour in hours]
    found = [increase(one, hour, from_nought=True) for one, hour in zip(cut, hours, strict=True) if one is not None]
    assert found == [9, 5, Decimal("2.5")]
    assert cut[3] is None


def test_a_replica_with_fewer_samples_is_left_out() -> None:
    fewer, more = counter((1, "1"), replica="a", pod="x"), counter((1, "1"), (2, "2"), replica="b", pod="x")
    assert without_replicas([fewer, more, counter((1, "1"), pod="y")]) == [more, counter((1, "1"), pod="y")]


def answered(*results: dict) -> Answer:
    return Answer({"status": "success", "data": {"resultType": "matrix", "result": list(results)}})


def test_labels_that_change_do_not_count_everything_again(api: RecordedApi, collecting) -> None:
    def at(minute: int) -> float:
        return START.timestamp() + 60 * minute

    def told(values: list[tuple[float, str]], **labels: str) -> dict:
        name = {"__name__": "vllm:generation_tokens_total", "job": "vllm", "instance": "a"}
        return {"metric": name | labels, "values": values}

    old = told([(at(1), "1000"), (at(20), "1100")])
    new = told([(at(21), "1110"), (at(40), "1200")], team="search")
    up = {"metric": {"job": "vllm", "instance": "a"}, "values": [(at(1), "1"), (at(20), "1"), (at(21), "1")]}
    api.on("/api/v1/query", answered(old, new), answered(up), method="POST")
    [row] = collecting.read(TYPE, Window(START, START + HOUR), NOW, url=api.url).rows
    assert (row["metric"], row["quantity"]) == ("tokens.output", 190)


@pytest.mark.parametrize(("cluster", "counted"), [("a", 900), ("b", 0)])
def test_only_the_same_clusters_target_tells_how_a_series_begins(
    cluster: str, counted: int, api: RecordedApi, collecting
) -> None:
    target = {"job": "vllm", "instance": "10.0.0.1:8000"}
    begun = {"__name__": "vllm:generation_tokens_total", **target, "cluster": "a", "model_name": "llama"}
    up = {"__name__": "up", **target, "cluster": cluster, "replica": "x"}
    at = START.timestamp()
    answers = (
        answered({"metric": begun, "values": [(at + 120, "900")]}),
        answered({"metric": up, "values": [(at + 60, "1"), (at + 120, "1")]}),
    )
    api.on("/api/v1/query", *answers, method="POST")
    collected = collecting.read(TYPE, Window(START, START + HOUR), NOW, url=api.url)
    assert sum(row["quantity"] for row in collected.rows) == counted


def test_a_partial_answer_and_another_servers_are_refused(api: RecordedApi, collecting) -> None:
    window = Window(START, START + HOUR)
    api.misbehave(throttled(0), Answer({"status": "success", "data": {"result": []}, "warnings": ["a store is down"]}))
    with pytest.raises(CollectError, match="in part only: a store is down") as refused:
        collecting.read(TYPE, window, NOW, url=api.url)
    assert not refused.value.permanent
    api.misbehave(Answer({"hello": 1}))
    with pytest.raises(CollectError, match="not Prometheus'"):
        collecting.read(TYPE, window, NOW, url=api.url, bearer_token="secret-token")
    api.misbehave(Answer("no secret-token", 403))
    [need] = collecting.build(TYPE, url=api.url, bearer_token="secret-token").probe()
    assert need.permission == "POST /api/v1/query"
    assert "answered 403" in str(need.problem)
    assert "secret-token" not in str(need.problem)


@pytest.mark.parametrize("kind", [TYPE, GPUS])
def test_a_token_that_expires_midway_ends_the_reading_and_is_not_told(kind, api: RecordedApi, collecting) -> None:
    for path in ("/api/v1/query", "/api/v1/query_range"):
        api.on(path, answered(), method="POST")
    window = Window(START, START + timedelta(days=3))
    collecting.read(kind, window, window.end + HOUR, url=api.url, bearer_token="secret-token")
    asked = len(api.requests)
    assert asked > 1
    api.misbehave(*[None] * (asked - 1), Answer("expired: secret-token", 401))
    collector = collecting.build(kind, lambda: window.end + HOUR, url=api.url, bearer_token="secret-token")
    with pytest.raises(CollectError, match="answered 401") as refused:
        list(collector.collect(window))
    assert refused.value.permanent
    assert "secret-token" not in str(refused.value)
    with pytest.raises(RuntimeError):
        collector.reading()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "url is missing"),
        ({"url": "http://x", "presets": ["ollama"]}, "presets: 'ollama' is not one of vllm, tgi, sglang, triton"),
        ({"url": "http://x", "facts": ["model"]}, "facts: model is a fact"),
    ],
)
def test_a_wrong_option_is_told(options, message: str, collecting) -> None:
    with pytest.raises(ValueError, match=message):
        collecting.build(TYPE, **options)
