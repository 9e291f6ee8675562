"""The callback for LiteLLM proxies, against the real push route on loopback."""

import asyncio
import importlib.util
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from push_receiver import TOKEN, Receiver, receiving

from collectors.tokens.inclusive import call_counts

pytestmark = pytest.mark.slow

FILE = Path(__file__).parents[2] / "deploy" / "litellm" / "attributor_callback.py"
COUNTS = st.one_of(st.none(), st.integers(-5, 5000), st.just("many"), st.floats(0, 50))
NAMES = ("cached_tokens", "cache_creation_tokens", "audio_tokens", "image_tokens", "reasoning_tokens")
DETAILS = st.dictionaries(st.sampled_from(NAMES), COUNTS)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path / "events") as running:
        yield running


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The file as a proxy imports it, beside a stand-in for the one class of LiteLLM that it needs."""

    class CustomLogger:
        def __init__(self, turn_off_message_logging: bool = False, **kwargs: Any) -> None:
            self.turn_off_message_logging = turn_off_message_logging

    for name in ("litellm", "litellm.integrations", "litellm.integrations.custom_logger"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["litellm.integrations.custom_logger"].CustomLogger = CustomLogger  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location("attributor_callback", FILE)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "attributor_callback", loaded)
    spec.loader.exec_module(loaded)
    loaded.EVERY = 0.05
    return loaded


def settings(module: ModuleType, url: str, **environment: str) -> Any:
    return module.settings_of({"ATTRIBUTOR_URL": f"{url}/", "ATTRIBUTOR_TOKEN": TOKEN, **environment})


def call(number: int = 1, **fields: Any) -> dict[str, Any]:
    """What LiteLLM gives a callback: `standard_logging_object` as its proxy fills it."""
    payload = {
        "id": f"chatcmpl-{number}",
        "litellm_call_id": f"uuid-{number}",
        "call_type": "acompletion",
        "status": "success",
        "custom_llm_provider": "openai",
        "model": "openai/gpt-5",
        "model_group": "large",
        "prompt_tokens": 1500,
        "completion_tokens": 200,
        "total_tokens": 1700,
        "startTime": time.time() - 2.5,
        "endTime": time.time(),
        "cache_hit": None,
        "response_cost": 0.0012,
        "metadata": {
            "user_api_key_hash": "hash-1",
            "user_api_key_alias": "svc-search",
            "user_api_key_team_id": "t1",
            "user_api_key_team_alias": "search",
            "user_api_key_user_id": "ana",
            "user_api_key_end_user_id": None,
            "spend_logs_metadata": {"project": "x" * 400},
            "usage_object": {
                "prompt_tokens": 1500,
                "completion_tokens": 200,
                "prompt_tokens_details": {"cached_tokens": 1000},
                "completion_tokens_details": {"reasoning_tokens": 150},
            },
        },
    }
    return {"model": "gpt-5", "standard_logging_object": payload | fields}


def tell(callback: Any, *calls: dict[str, Any], how: str = "async_log_success_event") -> None:
    """Call as LiteLLM does: by keyword, from an event loop."""

    async def tell_all() -> None:
        for each in calls:
            now = datetime.now(UTC)
            await getattr(callback, how)(kwargs=each, response_obj=object(), start_time=now, end_time=now)

    asyncio.run(tell_all())


def test_each_call_becomes_events_that_the_push_route_takes(module: ModuleType, receiver: Receiver) -> None:
    callback = module.AttributorCallback(
        settings(module, receiver.url, ATTRIBUTOR_POOL="gateway", ATTRIBUTOR_METADATA="project")
    )
    tell(callback, call())
    failed = call(2, status="failure", prompt_tokens=0, completion_tokens=0)
    failed["standard_logging_object"]["metadata"]["usage_object"] = None
    tell(callback, failed, how="async_log_failure_event")
    tell(callback, call(3, cache_hit=True))
    callback.sender.close()
    assert receiver.sums() == {
        "tokens.input": 500,
        "tokens.cached_input": 1000,
        "tokens.output": 50,
        "tokens.reasoning": 150,
        "requests": 1,
        "requests.failed": 1,
        "requests.gateway_cached": 1,
    }
    first = receiver.events()[0]
    assert first.pool == "gateway"
    assert dict(first.facts) == {
        "team": "search",
        "team_id": "t1",
        "api_key": "hash-1",
        "key_alias": "svc-search",
        "user": "ana",
        "model": "gpt-5",
        "provider": "openai",
        "project": "x" * 300,
    }


def test_a_call_that_is_told_twice_counts_once_and_each_try_counts(module: ModuleType, receiver: Receiver) -> None:
    callback = module.AttributorCallback(settings(module, receiver.url))
    told = call()
    tell(callback, told, told)
    callback.log_success_event(told, object(), None, None)
    tried_again = call()
    tried_again["standard_logging_object"]["startTime"] += 1
    tell(callback, tried_again)
    batch = {"call_type": "aretrieve_batch", "id": "batch-1"}
    tell(callback, call(8, **batch), call(9, **batch))
    callback.sender.close()
    assert receiver.sums()["requests"] == 3


def test_a_server_that_is_not_there_yet_gets_everything_once_when_it_comes(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.05)
    callback = module.AttributorCallback(settings(module, f"http://127.0.0.1:{port}"))
    tell(callback, *(call(number) for number in range(700)))
    with receiving(tmp_path / "events", port) as running:
        callback.sender.close(within=30)
        assert running.sums()["requests"] == 700
        assert len(running.events()) == 700 * 5
    assert callback.sender.lost == 0


def test_events_wait_until_the_token_is_right_and_the_oldest_give_way(
    module: ModuleType, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    callback = module.AttributorCallback(settings(module, receiver.url, ATTRIBUTOR_TOKEN="wrong"))
    tell(callback, *(call(number) for number in range(7)))
    callback.sender.close(within=0.3)
    assert callback.sender.lost == 25
    assert receiver.events() == []
    assert "401" in caplog.text
    assert "did not get 10 usage events, and 25 were lost" in caplog.text
    assert "wrong" not in caplog.text
    assert "wrong" not in repr(callback._settings)


def test_what_is_not_understood_never_breaks_a_call(
    module: ModuleType, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    callback = module.AttributorCallback(settings(module, receiver.url))
    tell(callback, {}, {"standard_logging_object": {"id": 1}}, {"standard_logging_object": "no object"}, call())
    callback.sender.close()
    assert receiver.sums()["requests"] == 1
    assert "a call's usage is not told to Attributor" in caplog.text


def test_events_that_are_refused_do_not_hold_up_the_others(
    module: ModuleType, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    callback = module.AttributorCallback(settings(module, receiver.url))
    tell(callback, call(1, startTime=1.0), call(2))
    callback.sender.close()
    assert receiver.sums()["requests"] == 1
    assert "refused usage events" in caplog.text


def test_without_an_address_nothing_waits(module: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    callback = module.AttributorCallback(module.settings_of({}))
    tell(callback, call())
    assert len(callback.sender._waiting) == 0
    assert "ATTRIBUTOR_URL is not set" in caplog.text


def test_it_counts_as_the_collector_does(module: ModuleType) -> None:
    usages = st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens": COUNTS,
            "input_tokens": COUNTS,
            "prompt_tokens_details": DETAILS,
            "completion_tokens_details": DETAILS,
            "cache_read_input_tokens": COUNTS,
            "cache_creation_input_tokens": COUNTS,
            "cache_creation": st.dictionaries(st.just("ephemeral_1h_input_tokens"), COUNTS),
        },
    )

    @settings_of_hypothesis(max_examples=40)
    @given(st.integers(0, 10_000), st.integers(0, 10_000), usages)
    def counts_agree(prompt: int, completion: int, usage: dict[str, Any]) -> None:
        assert module.token_counts(prompt, completion, usage) == call_counts(prompt, completion, usage)

    counts_agree()
