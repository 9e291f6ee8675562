"""Spans of model calls as usage events: which spans count, what they used, and who made them.

Names are those of OpenTelemetry's GenAI conventions, of every generation: they have changed often.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from collectors.otlp.wire import Attributes, Span, Spans, Value
from collectors.push.fields import (
    LARGEST_QUANTITY,
    LONGEST_TEXT,
    EventError,
    UsageEvent,
    microseconds,
)
from collectors.push.fields import Span as Times
from collectors.tokens.inclusive import Counts, parted

_USAGE = "gen_ai.usage."
_OPERATION = "gen_ai.operation.name"
_COUNTED = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
"""Spans of agents and workflows may carry the sum of what the calls below them used: they are not counted."""

_METRICS = {
    f"{_USAGE}input_tokens": "tokens.input",
    f"{_USAGE}prompt_tokens": "tokens.input",
    f"{_USAGE}cache_read.input_tokens": "tokens.cached_input",
    f"{_USAGE}cache_creation.input_tokens": "tokens.cache_write_5m",
    f"{_USAGE}cache_write.input_tokens": "tokens.cache_write_5m",
    f"{_USAGE}audio.input_tokens": "tokens.input_audio",
    f"{_USAGE}image.input_tokens": "tokens.input_image",
    f"{_USAGE}output_tokens": "tokens.output",
    f"{_USAGE}completion_tokens": "tokens.output",
    f"{_USAGE}reasoning.output_tokens": "tokens.reasoning",
    f"{_USAGE}audio.output_tokens": "tokens.output_audio",
}
_TOTALS = tuple(name for name, metric in _METRICS.items() if metric in {"tokens.input", "tokens.output"})
_OF_INPUT = ("tokens.cached_input", "tokens.cache_write_5m", "tokens.input_audio", "tokens.input_image")
_OF_OUTPUT = ("tokens.reasoning", "tokens.output_audio")
_ERROR_TYPE = "error.type"
_is_trace = re.compile(r"(?!0{32})[0-9a-f]{32}").fullmatch
_is_span = re.compile(r"(?!0{16})[0-9a-f]{16}").fullmatch

FACTS: Mapping[str, tuple[str, ...]] = {
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "service": ("service.name",),
    "environment": ("deployment.environment.name", "deployment.environment"),
    "agent": ("gen_ai.agent.name",),
    "team": ("team",),
    "user": ("user.id", "enduser.id"),
}
"""Facts by the attributes that tell them, of the span or else of its resource; the first that is there."""


@dataclass(frozen=True)
class Naming:
    """Facts by attribute: ours, and those of the configuration, which go first."""

    facts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: FACTS)

    @classmethod
    def of(cls, configured: Mapping[str, str]) -> "Naming":
        """Return ours with those of the configuration, attribute by fact, before them."""
        own = {fact: (name, *FACTS.get(fact, ())) for fact, name in configured.items()}
        return cls({**FACTS, **own})

    @property
    def wanted(self) -> frozenset[str]:
        """All attributes that are looked at."""
        facts = [name for names in self.facts.values() for name in names]
        return frozenset([*_METRICS, *facts, _OPERATION, _ERROR_TYPE])


@dataclass(frozen=True)
class Counted:
    """What a body holds: events to store, how many spans are refused, and why the first of them is."""

    events: tuple[UsageEvent, ...]
    rejected: int
    error: str = ""


def count_spans(found: Iterable[Spans], naming: Naming, times: Times) -> Counted:
    """Count the spans of model calls; others are passed over. One bad span never harms the rest."""
    within = range(microseconds(times.oldest), microseconds(times.end))
    events: list[UsageEvent] = []
    errors: list[str] = []
    for of in found:
        shared = _facts(of.resource, naming)
        for span in of.spans:
            if not _counts_here(span.attributes):
                continue
            try:
                events.extend(_events(span, shared | _facts(span.attributes, naming), within))
            except EventError as error:
                errors.append(f"span {span.span[:16]}: {error}")
    return Counted(tuple(events), len(errors), errors[0] if errors else "")


def _counts_here(attributes: Attributes) -> bool:
    """Say whether a span is one call of a model; one without an operation is, where it says what was used."""
    operation = attributes.get(_OPERATION)
    if operation is None:
        return any(name in attributes for name in _TOTALS)
    return operation in _COUNTED


def _events(span: Span, facts: Mapping[str, str], times: range) -> Iterator[UsageEvent]:
    if not _is_trace(span.trace) or not _is_span(span.span):
        raise EventError("traceId and spanId are 32 and 16 hexadecimal digits, not all of them 0")
    time = span.start // 1000
    if time not in times:
        raise EventError("startTimeUnixNano is before the oldest day still open, or ahead of the server's clock")
    name = f"otlp:{span.trace}:{span.span}:"
    for metric, count in _counts(span).items():
        yield UsageEvent(name + metric, time, metric, None, count, facts)


def _counts(span: Span) -> Counts:
    """Part what a call used; input that is less than what was cached leaves it out, against the conventions."""
    used: dict[str, int] = {}
    for name, value in span.attributes.items():
        metric = _METRICS.get(name)
        if metric is not None:
            # The same count may stand there under its old name and its new one.
            used[metric] = max(used.get(metric, 0), _count(name, value))
    prompt = used.get("tokens.input", 0)
    cached = used.get("tokens.cached_input", 0) + used.get("tokens.cache_write_5m", 0)
    failed = span.failed or _ERROR_TYPE in span.attributes
    return {
        **parted(prompt + cached if cached > prompt else prompt, "tokens.input", _those(used, _OF_INPUT)),
        **parted(used.get("tokens.output", 0), "tokens.output", _those(used, _OF_OUTPUT)),
        "requests.failed" if failed else "requests": 1,
    }


def _those(used: Counts, metrics: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(metric, used[metric]) for metric in metrics if metric in used]


def _count(name: str, value: Value) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= LARGEST_QUANTITY:
        raise EventError(f"{name} = {value!r:.40} is no count of tokens")
    return value


def _facts(attributes: Attributes, naming: Naming) -> dict[str, str]:
    facts = {}
    for fact, names in naming.facts.items():
        for name in names:
            value = attributes.get(name)
            if value:
                facts[fact] = _text(value)
                break
    return facts


def _text(value: object) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    return str(value)[:LONGEST_TEXT].replace("\x00", "") or "�"
