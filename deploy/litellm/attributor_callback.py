"""A callback for a LiteLLM proxy: what each call used is sent to Attributor as it happens.

Put this file beside the proxy's configuration, name it there, and set the environment:

    litellm_settings:
      callbacks: ["attributor_callback.handler"]

    ATTRIBUTOR_URL=https://attributor.corp        where Attributor listens; without it nothing is sent
    ATTRIBUTOR_TOKEN=…                            the push source's token, where it has one
    ATTRIBUTOR_POOL=gateway                       the pool of all these calls, where they share one
    ATTRIBUTOR_FACTS=team,model                   by which facts calls are told apart; see FACTS
    ATTRIBUTOR_METADATA=project                   keys of spend_logs_metadata that are facts too

It needs nothing but Python 3.10 and LiteLLM. A call is never held up and never fails for it: events wait in memory, at
most MOST_WAITING of them, for a thread that sends them in batches, again and again where Attributor is not there. Each
event has the same id however often it is sent, so it counts once. What waits when the proxy ends is sent before, within
LAST_WAIT seconds; what waits when it is killed is lost.
"""

import atexit
import hashlib
import json
import logging
import os
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

logger = logging.getLogger("attributor_callback")

MOST_WAITING = 100_000
A_BATCH = 1_000
EVERY = 2.0
TIMEOUT = 10.0
LONGEST_PAUSE = 60.0
LAST_WAIT = 10.0
FACTS = {
    "team": ("user_api_key_team_alias", "user_api_key_team_id"),
    "team_id": ("user_api_key_team_id",),
    "api_key": ("user_api_key_hash",),
    "key_alias": ("user_api_key_alias",),
    "user": ("user_api_key_user_id",),
    "end_user": ("user_api_key_end_user_id",),
    "organization": ("user_api_key_org_id",),
}
"""Facts by the keys of a call's metadata that tell them; `model`, `model_group`, `provider` and `call_type` too."""
DEFAULT_FACTS = "team,team_id,api_key,key_alias,user,model,provider"

_LONGEST_TEXT = 300
_OK, _TOO_LARGE = 200, 413
_REFUSED = frozenset({400, 415, 422})
_OF_A_BATCH = frozenset({"retrieve_batch", "aretrieve_batch"})
_WRITES = (
    ("tokens.cache_write_30m", "ephemeral_30m_input_tokens"),
    ("tokens.cache_write_1h", "ephemeral_1h_input_tokens"),
    ("tokens.cache_write_12h", "ephemeral_12h_input_tokens"),
)
Event = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """Where events go, and what is said of them."""

    url: str
    token: str = field(default="", repr=False)
    pool: str = ""
    facts: Sequence[str] = tuple(DEFAULT_FACTS.split(","))
    metadata: Sequence[str] = ()


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Read the settings from the environment."""
    return Settings(
        environment.get("ATTRIBUTOR_URL", "").rstrip("/"),
        environment.get("ATTRIBUTOR_TOKEN", ""),
        environment.get("ATTRIBUTOR_POOL", ""),
        _words(environment.get("ATTRIBUTOR_FACTS", DEFAULT_FACTS)),
        _words(environment.get("ATTRIBUTOR_METADATA", "")),
    )


def events_of(call: Mapping[str, Any], settings: Settings) -> list[Event]:
    """Return the events of a call, one a metric, from LiteLLM's standard logging object.

    The time is when the call began: its hour is the one that LiteLLM's own sums count it in.
    """
    metadata = _mapping(call, "metadata")
    started = float(call["startTime"])
    identity = _identity(call, started)
    common = {
        "time": datetime.fromtimestamp(started, timezone.utc).isoformat(timespec="milliseconds"),
        **_facts(call, metadata, settings),
    }
    if settings.pool:
        common["pool"] = settings.pool
    return [
        {"id": f"litellm:{identity}:{metric}", "metric": metric, "quantity": count, **common}
        for metric, count in _counts(call, metadata).items()
    ]


class Sender:
    """Sends events from a thread of its own; nothing that a call does waits for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: deque[Event] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._worker: tuple[int, threading.Thread] | None = None
        self._until: float | None = None
        self.lost = 0

    def put(self, events: Iterable[Event]) -> None:
        """Take events; where too many wait, the oldest are lost, and counted."""
        with self._changed:
            for event in events:
                self.lost += len(self._waiting) == MOST_WAITING
                self._waiting.append(event)
            self._start()
            if len(self._waiting) >= A_BATCH:
                self._changed.notify()

    def close(self, within: float = LAST_WAIT) -> None:
        """Send what waits, for at most so many seconds, and end the thread."""
        with self._changed:
            self._until = time.monotonic() + within
            self._changed.notify_all()
            worker = self._worker
        if worker is not None and worker[0] == os.getpid():
            worker[1].join(within)
        left = len(self._waiting)
        if left or self.lost:
            logger.warning("Attributor did not get %d usage events, and %d were lost", left, self.lost)

    def _start(self) -> None:
        """Start the thread where this process has none yet: a fork does not take its parent's with it."""
        if self._worker is None or self._worker[0] != os.getpid():
            thread = threading.Thread(target=self._run, name="attributor", daemon=True)
            self._worker = (os.getpid(), thread)
            thread.start()

    def _run(self) -> None:
        pause = 0.0
        while (batch := self._next(pause)) is not None:
            if batch:
                pause = self._send(batch, pause)

    def _next(self, pause: float) -> list[Event] | None:
        """Wait and return the oldest events, which go on waiting until they are sent; None where it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_due(pause), pause or EVERY)
            if self._until is not None:
                left = self._until - time.monotonic()
                if not self._waiting or left <= 0:
                    return None
                if pause:
                    self._changed.wait(min(pause, 0.5, left))
            return [self._waiting[number] for number in range(min(A_BATCH, len(self._waiting)))]

    def _is_due(self, pause: float) -> bool:
        """Say whether not to wait any longer: it is to end, or a batch is full and the last one was taken."""
        return self._until is not None or (not pause and len(self._waiting) >= A_BATCH)

    def _send(self, batch: list[Event], pause: float) -> float:
        """Send a batch; return how long to wait before the next, in seconds."""
        status, answer = self._post(batch)
        if status == _TOO_LARGE and len(batch) > 1:
            half = len(batch) // 2
            return self._send(batch[:half], pause) or self._send(batch[half:], pause)
        if status not in {_OK, _TOO_LARGE, *_REFUSED}:
            logger.warning("Attributor did not take %d usage events and gets them again: %s", len(batch), answer)
            return min(LONGEST_PAUSE, pause * 2 or 1.0)
        if status != _OK:
            logger.error("Attributor refused %d usage events: %s", len(batch), answer)
        elif '"rejected":[]' not in answer:
            logger.error("Attributor refused usage events: %s", answer)
        self._forget(batch)
        return 0.0

    def _forget(self, batch: list[Event]) -> None:
        """Forget events that were sent; newer ones may have pushed some out meanwhile."""
        sent = {id(event) for event in batch}
        with self._changed:
            while self._waiting and id(self._waiting[0]) in sent:
                self._waiting.popleft()

    def _post(self, batch: list[Event]) -> tuple[int, str]:
        headers = {"Content-Type": "application/json"}
        if self._settings.token:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        body = json.dumps({"events": batch}).encode()
        try:
            request = urllib.request.Request(f"{self._settings.url}/api/v1/usage", body, headers)  # noqa: S310 - set by the operator
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                return answer.status, answer.read(2_000).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, f"{error.code} {error.read(300).decode('utf-8', 'replace')}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the events are kept and sent again
            return 0, f"{type(error).__name__}: {error}"


class AttributorCallback(CustomLogger):
    """What LiteLLM calls after each call of a model."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.sender = Sender(settings)
        atexit.register(self.sender.close)
        if not settings.url:
            logger.warning("ATTRIBUTOR_URL is not set: Attributor gets no usage events")

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Take a call that succeeded."""
        self._take(kwargs)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Take a call that failed."""
        self._take(kwargs)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Take a call that succeeded."""
        self._take(kwargs)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Take a call that failed."""
        self._take(kwargs)

    def _take(self, kwargs: Any) -> None:
        try:
            call = kwargs.get("standard_logging_object")
            if call and self._settings.url:
                self.sender.put(events_of(call, self._settings))
        except Exception:
            logger.exception("a call's usage is not told to Attributor")


def _identity(call: Mapping[str, Any], started: float) -> str:
    """Return what is the same whenever this call is told, and another for each try of a request.

    A provider's batch is told each time somebody looks at it, and is one call all the same.
    """
    parts = [call.get("id")]
    if call.get("call_type") not in _OF_A_BATCH:
        parts += [call.get("litellm_call_id"), call.get("status"), f"{started:.3f}"]
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:40]


def _facts(call: Mapping[str, Any], metadata: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    provider, model = str(call.get("custom_llm_provider") or ""), str(call.get("model") or "")
    said = {
        "model": model.removeprefix(f"{provider}/") if provider else model,
        "model_group": call.get("model_group"),
        "provider": provider,
        "call_type": call.get("call_type"),
    }
    own = _mapping(metadata, "spend_logs_metadata")
    values = {
        **{name: next(filter(None, map(metadata.get, keys)), None) for name, keys in FACTS.items()},
        **said,
    }
    chosen = {name: values.get(name) for name in settings.facts}
    chosen |= {key: own.get(key) for key in settings.metadata}
    return {name: text for name, value in chosen.items() if (text := _text(value))}


def _text(value: object) -> str:
    if not isinstance(value, (str, int)):
        return ""
    return str(value).replace("\x00", "").encode("utf-8", "ignore").decode()[:_LONGEST_TEXT]


def _counts(call: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, int]:
    """Count a call; what the proxy's own cache answered used no token of any provider's."""
    if call.get("cache_hit") is True:
        return {"requests.gateway_cached": 1}
    usage = _mapping(metadata, "usage_object")
    tokens = token_counts(_count(call.get("prompt_tokens")), _count(call.get("completion_tokens")), usage)
    return {**tokens, "requests.failed" if call.get("status") == "failure" else "requests": 1}


def token_counts(prompt: int, completion: int, usage: Mapping[str, Any]) -> dict[str, int]:
    """Part a prompt's and a completion's total by what the usage object says: every token is in one metric.

    A part takes at most what the parts before it left. Where the object is in Anthropic's own words, or says that more
    was cached than the prompt has, the prompt's total leaves out what was cached.
    """
    details = _mapping(usage, "prompt_tokens_details", "input_tokens_details")
    made = _mapping(usage, "completion_tokens_details", "output_tokens_details")
    read = _count(details.get("cached_tokens"), usage.get("cache_read_input_tokens"))
    writes = _writes(usage, details)
    cached = read + sum(count for _, count in writes)
    own_words = "input_tokens" in usage and "prompt_tokens" not in usage and "input_tokens_details" not in usage
    if cached > prompt or (own_words and usage["input_tokens"] == prompt):
        prompt += cached
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
    return {**_parted(prompt, "tokens.input", inputs), **_parted(completion, "tokens.output", outputs)}


def _writes(usage: Mapping[str, Any], details: Mapping[str, Any]) -> list[tuple[str, int]]:
    written = _count(
        details.get("cache_write_tokens"),
        details.get("cache_creation_tokens"),
        usage.get("cache_creation_input_tokens"),
    )
    lifetimes = _mapping(details, "cache_creation_token_details") or _mapping(usage, "cache_creation")
    long = [(metric, _count(lifetimes.get(name))) for metric, name in _WRITES]
    return [*long, ("tokens.cache_write_5m", max(0, written - sum(count for _, count in long)))]


def _parted(total: int, rest: str, parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    left = total
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


def _mapping(of: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    found = (of.get(name) for name in names)
    return next((value for value in found if isinstance(value, Mapping)), {})


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


handler = AttributorCallback(settings_of(os.environ))
