"""Metrics of model calls as usage events: which metrics count, what their points add, and who made the calls.

Names are those of OpenTelemetry's GenAI conventions, of every generation: they have changed often.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeAlias

import msgspec

from collectors.otlp.attributes import Attributes
from collectors.otlp.facts import Naming, facts_reader
from collectors.otlp.metric_wire import Metric, Metrics, Point
from collectors.otlp.spans import CALLS, ERROR_TYPE, OPERATION, Counted
from collectors.otlp.streams import Grown, Look
from collectors.otlp.taken import METRICS, Taken
from collectors.push.fields import LARGEST_QUANTITY, EventError, UsageEvent, microseconds
from collectors.push.fields import Span as Times

_CLASSIC = "gen_ai.client.token.usage"
_SPLIT = "gen_ai.client.inference.usage."
_DURATION = "gen_ai.client.operation.duration"
_TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 -- the name of an attribute
_MODALITY = "gen_ai.token.modality"
_LARGEST_TOTAL = 2**53
"""Beyond it a histogram's sum, a double, no longer tells every token."""

Side: TypeAlias = Literal["input", "output"]


@dataclass(frozen=True)
class _Meaning:
    """What a metric counts; tokens are of one side, and a part of that side's total or the total itself."""

    metric: str
    side: Side | None = None
    is_part: bool = False


_SPLIT_METRICS: Mapping[str, _Meaning] = {
    f"{_SPLIT}input_tokens": _Meaning("tokens.input", "input"),
    f"{_SPLIT}cache_read.input_tokens": _Meaning("tokens.cached_input", "input", is_part=True),
    f"{_SPLIT}cache_creation.input_tokens": _Meaning("tokens.cache_write_5m", "input", is_part=True),
    f"{_SPLIT}cache_write.input_tokens": _Meaning("tokens.cache_write_5m", "input", is_part=True),
    f"{_SPLIT}output_tokens": _Meaning("tokens.output", "output"),
    f"{_SPLIT}reasoning.output_tokens": _Meaning("tokens.reasoning", "output", is_part=True),
}
_CLASSIC_TYPES: Mapping[object, _Meaning] = {
    "input": _Meaning("tokens.input", "input"),
    "prompt": _Meaning("tokens.input", "input"),
    "output": _Meaning("tokens.output", "output"),
    "completion": _Meaning("tokens.output", "output"),
}
_OF_THEIR_OWN = frozenset({"audio", "image", "video"})
WANTED = frozenset([_CLASSIC, _DURATION, *_SPLIT_METRICS])
"""The metrics that are looked at."""


class _Added(msgspec.Struct, frozen=True, gc=False):
    """What one point adds, before the parts of a total are taken out of it."""

    meaning: _Meaning
    grown: Grown
    time: int
    facts: Mapping[str, str]


class MetricCount:
    """Counts the metrics of model calls that one body holds; others are passed over."""

    def __init__(self, naming: Naming, times: Times, taken: Taken, look: Look) -> None:
        self._naming = naming
        self._within = range(microseconds(times.oldest), microseconds(times.end))
        self._taken = taken
        self._look = look
        self._errors: list[str] = []
        self._ignored = 0
        self._warning = ""

    def count(self, found: Iterable[Metrics]) -> Counted:
        """Return the events; one bad point never harms the rest."""
        groups: dict[tuple[object, ...], list[_Added]] = defaultdict(list)
        for of in found:
            for modality, added in self._of_resource(of):
                groups[id(added.facts), modality, added.meaning.side].append(added)
        events = tuple(chain.from_iterable(map(_parted, groups.values())))
        first = self._errors[0] if self._errors else ""
        return Counted(events, len(self._errors), first, self._ignored, self._warning)

    def _of_resource(self, of: Metrics) -> Iterator[tuple[str, _Added]]:
        shared = self._naming.read(of.resource)
        facts_of = facts_reader(self._naming, shared)
        for metric in of.metrics:
            points = [point for point in metric.points if point.attributes.get(OPERATION, "chat") in CALLS]
            if not points:
                continue
            since = self._since(shared.get("service", ""), metric, points)
            if since is None:
                continue
            for point in points:
                try:
                    added = self._added(metric, point, since, facts_of(point.attributes))
                except EventError as error:
                    self._errors.append(f"{metric.name}: {error}")
                    continue
                if added is not None:
                    yield _modality(point.attributes), added

    def _since(self, service: str, metric: Metric, points: list[Point]) -> int | None:
        """Return from when on a metric of a service counts, in nanoseconds; None where it does not."""
        choices = [self._taken.take(service, METRICS)]
        if choices[0].is_taken and metric.name != _DURATION:
            # The conventions have two generations of the same counts, and a service may send both.
            generation = _CLASSIC if metric.name == _CLASSIC else f"{_SPLIT}*"
            choices.append(self._taken.take(service, generation, "tokens"))
        for choice in choices:
            if not choice.is_taken:
                self._ignored += len(points)
                self._warning = choice.reason
                return None
        return max(choice.since for choice in choices)

    def _added(self, metric: Metric, point: Point, since: int, facts: Mapping[str, str]) -> _Added | None:
        meaning = _meaning(metric.name, point.attributes)
        value = point.count if metric.name == _DURATION else _tokens(point)
        if metric.temporality is None:
            raise EventError("it is no histogram and no counter that only grows, by delta or cumulative")
        # A point tells of (start, time]: its last microsecond is the one before its time.
        time = (point.time - 1) // 1000
        if time not in self._within or point.start > point.time:
            raise EventError(
                "timeUnixNano is before the oldest day still open, ahead of the clock, or before the start"
            )
        grown = self._look.grown(point, metric.temporality, value, since)
        if grown is None:
            return None
        if grown.count > LARGEST_QUANTITY:
            raise EventError(f"{grown.count} more at once are no count")
        return _Added(meaning, grown, time, facts)


def _meaning(name: str, attributes: Attributes) -> _Meaning:
    if name == _DURATION:
        return _Meaning("requests.failed" if ERROR_TYPE in attributes else "requests")
    if name != _CLASSIC:
        meaning = _SPLIT_METRICS[name]
        modality = _modality(attributes)
        is_own = modality in _OF_THEIR_OWN and not meaning.is_part
        return _Meaning(f"{meaning.metric}_{modality}", meaning.side) if is_own else meaning
    kind = attributes.get(_TOKEN_TYPE)
    if kind not in _CLASSIC_TYPES:
        raise EventError(f"{_TOKEN_TYPE} = {kind!r:.40} is neither input nor output")
    return _CLASSIC_TYPES[kind]


def _modality(attributes: Attributes) -> str:
    return str(attributes.get(_MODALITY, ""))


def _tokens(point: Point) -> int:
    value = point.total
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= _LARGEST_TOTAL:
        raise EventError(f"{point.total!r:.40} is no count of tokens")
    return value


def _parted(group: list[_Added]) -> Iterator[UsageEvent]:
    """Yield the events of points that tell of the same calls; what is a part is taken out of the total.

    Parts without their total, as where a batch was cut between them, count nothing: the total has them, wherever it
    comes. Parts beyond their total are left out of it, against the conventions, and count beside it.
    """
    parts = sum([added.grown.count for added in group if added.meaning.is_part])
    whole = sum([added.grown.count for added in group if not added.meaning.is_part])
    left = parts if parts <= whole else 0
    for added in group:
        count = added.grown.count
        if added.meaning.is_part:
            count = count if whole else 0
        else:
            inside = min(left, count)
            left -= inside
            count -= inside
        yield UsageEvent(added.grown.id, added.time, added.meaning.metric, None, count, added.facts)
