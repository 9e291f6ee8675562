"""Spans of model calls as usage events: which spans count, what they used, and who made them.

Names are those of OpenTelemetry's GenAI conventions, of every generation: they have changed often.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collectors.otlp.attributes import Attributes, Value
from collectors.otlp.facts import Naming, facts_reader
from collectors.otlp.taken import SPANS, Taken
from collectors.otlp.wire import Span
from collectors.otlp.wire import Spans as OfResource
from collectors.push.fields import LARGEST_QUANTITY, EventError, UsageEvent, microseconds
from collectors.push.fields import Span as Times
from collectors.tokens.inclusive import Counts, parted

_USAGE = "gen_ai.usage."
OPERATION = "gen_ai.operation.name"
CALLS = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
"""Operations that are one call of a model: those of agents and workflows may carry the sum of the calls below them."""

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
ERROR_TYPE = "error.type"
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


@dataclass(frozen=True)
class Counted:
    """What a body holds: events to store, how many things are refused and why the first is, how many are not taken.

    `ignored` are those of services of which the other kind is counted; `warning` says so, or what else is uncertain.
    """

    events: tuple[UsageEvent, ...]
    rejected: int
    error: str = ""
    ignored: int = 0
    warning: str = ""


def wanted_attributes(naming: Naming) -> frozenset[str]:
    """Return all attributes of spans and their resources that are looked at."""
    return frozenset([*_METRICS, *naming.attributes, OPERATION, ERROR_TYPE])


def count_spans(found: Iterable[OfResource], naming: Naming, times: Times, taken: Taken) -> Counted:
    """Count the spans of model calls; others are passed over. One bad span never harms the rest."""
    within = range(microseconds(times.oldest), microseconds(times.end))
    events: list[UsageEvent] = []
    errors: list[str] = []
    ignored, warning = 0, ""
    for of in found:
        calls = [span for span in of.spans if _counts_here(span.attributes)]
        if not calls:
            continue
        shared = naming.read(of.resource)
        choice = taken.take(shared.get("service", ""), SPANS)
        if not choice.is_taken:
            ignored, warning = ignored + len(calls), choice.reason
            continue
        facts_of = facts_reader(naming, shared)
        for span in calls:
            try:
                if span.start >= choice.since:
                    events += _events(span, facts_of(span.attributes), within)
            except EventError as error:
                errors.append(f"span {span.span[:16]}: {error}")
    return Counted(tuple(events), len(errors), errors[0] if errors else "", ignored, warning)


def _counts_here(attributes: Attributes) -> bool:
    """Say whether a span is one call of a model; one without an operation is, where it says what was used."""
    operation = attributes.get(OPERATION)
    if operation is None:
        return any(name in attributes for name in _TOTALS)
    return operation in CALLS


def _events(span: Span, facts: Mapping[str, str], times: range) -> list[UsageEvent]:
    if not _is_identity(span.trace, _NO_TRACE) or not _is_identity(span.span, _NO_SPAN):
        raise EventError("traceId and spanId are 32 and 16 hexadecimal digits, not all of them 0")
    time = span.start // 1000
    if time not in times:
        raise EventError("startTimeUnixNano is before the oldest day still open, or ahead of the server's clock")
    name = f"otlp:{span.trace}:{span.span}:"
    return [UsageEvent(name + metric, time, metric, None, count, facts) for metric, count in _counts(span).items()]


def _is_identity(text: str, none: str) -> bool:
    return len(text) == len(none) and text != none


def _counts(span: Span) -> Counts:
    """Part what a call used; input that is less than what was cached leaves it out, against the conventions."""
    used: dict[str, int] = {}
    for name, value in span.attributes.items():
        metric = _METRICS.get(name)
        if metric is not None:
            count = value if type(value) is int and 0 <= value <= LARGEST_QUANTITY else _count(name, value)
            # The same count may stand there under its old name and its new one.
            if count > used.get(metric, 0):
                used[metric] = count
    prompt, completion = used.pop("tokens.input", 0), used.pop("tokens.output", 0)
    cached = used.get("tokens.cached_input", 0) + used.get("tokens.cache_write_5m", 0)
    counts = parted(prompt + cached if cached > prompt else prompt, "tokens.input", _those(used, _OF_INPUT))
    counts |= parted(completion, "tokens.output", _those(used, _OF_OUTPUT))
    counts["requests.failed" if span.failed or ERROR_TYPE in span.attributes else "requests"] = 1
    return counts


def _those(used: Counts, metrics: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(metric, used[metric]) for metric in metrics if metric in used] if used else []


def _count(name: str, value: Value) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= LARGEST_QUANTITY:
        raise EventError(f"{name} = {value!r:.40} is no count of tokens")
    return value
