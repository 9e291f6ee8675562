"""The callback in LiteLLM itself: in its library, and in its proxy, as users run it.

`LITELLM_PYTHON` names a Python that has the package litellm[proxy], where tests/install-counterparts.sh put none.
"""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from push_receiver import TOKEN, Receiver, receiving

pytestmark = pytest.mark.slow
FILE = Path(__file__).parents[2] / "deploy" / "litellm" / "attributor_callback.py"
MASTER_KEY = "sk-of-the-test"
CONFIG = f"""\
model_list:
  - {{model_name: large, litellm_params: {{model: openai/gpt-4o, api_key: none, mock_response: fine}}}}
litellm_settings: {{callbacks: [attributor_callback.handler]}}
general_settings: {{master_key: {MASTER_KEY}}}
"""
PROGRAM = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import litellm
from attributor_callback import handler
litellm.callbacks = [handler]
messages = [{"role": "user", "content": "hello"}]
async def ask():
    await litellm.acompletion("gpt-4o", messages, mock_response="fine")
    stream = await litellm.acompletion("gpt-4o", messages, mock_response="fine", stream=True)
    async for _ in stream:
        pass
    try:
        await litellm.acompletion("gpt-4o", messages, mock_response=Exception("down"))
    except Exception:
        pass
    await asyncio.sleep(2)
asyncio.run(ask())
"""


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path / "events") as running:
        yield running


@pytest.fixture
def environment(receiver: Receiver, tmp_path: Path) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ATTRIBUTOR_URL": receiver.url,
        "ATTRIBUTOR_TOKEN": TOKEN,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
    }


def python_with_litellm() -> Path:
    """Return a Python that has the package, or skip."""
    installed = Path(sys.prefix, "litellm", "bin", "python")
    if named := os.environ.get("LITELLM_PYTHON"):
        return Path(named)
    if installed.exists():
        return installed
    if importlib.util.find_spec("litellm"):
        return Path(sys.executable)
    pytest.skip("litellm is not installed: sh tests/install-counterparts.sh")


@contextmanager
def running_proxy(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Give the address of a proxy that answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    program = python_with_litellm().with_name("litellm")
    if not program.exists():
        pytest.skip("litellm has no proxy: pip install litellm[proxy]")
    shutil.copy(FILE, folder)
    (folder / "config.yaml").write_text(CONFIG)
    with (folder / "proxy.log").open("w") as log:
        process = subprocess.Popen(
            [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=dict(environment),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 120
            while not answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the proxy did not start: {(folder / 'proxy.log').read_text()[-2000:]}")
                time.sleep(0.5)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=60)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/liveliness", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def ask(url: str, **fields: Any) -> bytes:
    """Ask a proxy for a completion, to the end of its answer."""
    question = {"model": "large", "messages": [{"role": "user", "content": "hello"}], **fields}
    headers = {"Authorization": f"Bearer {MASTER_KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(question).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
        return content


def test_litellm_itself_calls_it(receiver: Receiver, environment: Mapping[str, str], tmp_path: Path) -> None:
    python = python_with_litellm()
    subprocess.run(
        [python, "-c", PROGRAM, str(FILE.parent)], check=True, env=dict(environment), timeout=120, cwd=tmp_path
    )
    sums = receiver.sums()
    assert (sums["requests"], sums["requests.failed"]) == (2, 1)
    assert sums["tokens.input"] > 0
    assert sums["tokens.output"] > 0
    assert {event.facts["model"] for event in receiver.events()} == {"gpt-4o"}


def test_a_proxy_tells_every_call_with_the_tokens_that_it_answers(
    receiver: Receiver, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with running_proxy(tmp_path, environment) as url:
        used = json.loads(ask(url))["usage"]
        assert b"[DONE]" in ask(url, stream=True)
        deadline = time.monotonic() + 30
        while receiver.sums().get("requests") != 2 and time.monotonic() < deadline:
            time.sleep(0.2)
    sums = receiver.sums()
    assert sums["requests"] == 2
    assert sums["tokens.input"] >= used["prompt_tokens"]
    assert sums["tokens.output"] >= used["completion_tokens"]
    assert {event.facts["model"] for event in receiver.events()} == {"gpt-4o"}
