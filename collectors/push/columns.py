"""Many events at once: each field of all of them is checked as a column, and only what is not plain one by one."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.push.fields import (
    LARGEST_QUANTITY,
    LONGEST_ID,
    LONGEST_TEXT,
    MOST_FACTS,
    EventError,
    Span,
    UsageEvent,
    are_plain_numbers,
    check_facts,
    check_id,
    check_metric,
    check_pool,
    check_quantity,
    check_time,
    is_fact_name,
    is_plain_fact,
    is_storable,
    microseconds,
)

T = TypeVar("T")
Errors: TypeAlias = Mapping[int, EventError]
"""What is wrong with an event, by its place among all."""

_TIME = pa.timestamp("us", "UTC")
_TEXTS_ALONE = ({str}, {str, type(None)})


class _Column(NamedTuple, Generic[T]):
    """A field of all events; what stands where an error is means nothing."""

    values: Sequence[T]
    errors: Errors


def check_events(raws: Sequence[Any], span: Span) -> tuple[list[UsageEvent], Errors]:
    """Return the events that decoded JSON describes (its floats still as written), and what is wrong with the others.

    An EventError among `raws` stays one. Of an event's mistakes the first is told, fields in the order of UsageEvent.
    What is left of the objects of `raws` may be the facts of the events.
    """
    if set(map(type, raws)) <= {dict}:
        return _checked(raws, span)
    places = [place for place, raw in enumerate(raws) if type(raw) is dict]
    events, wrong = _checked([raws[place] for place in places], span)
    errors = {place: _no_object(raw) for place, raw in enumerate(raws) if type(raw) is not dict}
    return events, errors | {places[place]: error for place, error in wrong.items()}


def _no_object(raw: Any) -> EventError:
    if type(raw) is EventError:
        return raw
    return EventError("an event is a JSON object with id, time, metric and quantity")


def _checked(raws: Sequence[dict[str, Any]], span: Span) -> tuple[list[UsageEvent], Errors]:
    # Each field is taken out, so that the facts are left.
    columns: tuple[_Column[Any], ...] = (
        _ids([raw.pop("id", None) for raw in raws]),
        _times([raw.pop("time", None) for raw in raws], span),
        _few([raw.pop("metric", None) for raw in raws], check_metric),
        _pools([raw.pop("pool", None) for raw in raws]),
        _quantities([raw.pop("quantity", None) for raw in raws]),
        _facts(raws),
    )
    events = list(map(UsageEvent, *(column.values for column in columns)))
    errors: dict[int, EventError] = {}
    for column in reversed(columns):
        errors |= column.errors
    return [event for place, event in enumerate(events) if place not in errors] if errors else events, errors


def _each(values: Sequence[Any], check: Callable[[Any], T]) -> _Column[T | None]:
    """Check one value after the other."""
    checked: list[T | None] = []
    errors: dict[int, EventError] = {}
    for place, value in enumerate(values):
        try:
            checked.append(check(value))
        except EventError as error:
            checked.append(None)
            errors[place] = error
    return _Column(checked, errors)


def _few(values: Sequence[Any], check: Callable[[Any], T]) -> _Column[T | None]:
    """Check texts of which there are few different ones, each of those once."""
    # By its type first: what is nested has no hash, and 1 and true are one key.
    if set(map(type, values)) not in _TEXTS_ALONE:
        return _each(values, check)
    different = list(set(values))
    checked = _each(different, check)
    if checked.errors:
        return _each(values, check)
    if checked.values == different:
        return _Column(values, {})
    found = dict(zip(different, checked.values, strict=True))
    return _Column([found[value] for value in values], {})


def _ids(values: Sequence[Any]) -> _Column[str | None]:
    return _Column(values, {}) if _are_plain(values, LONGEST_ID) else _each(values, check_id)


def _pools(values: Sequence[Any]) -> _Column[Any]:
    return _Column(values, {}) if _are_plain(values, LONGEST_TEXT) else _few(values, check_pool)


def _are_plain(values: Sequence[Any], longest: int) -> bool:
    """Say whether all are texts, none of them empty or too long, that can be stored."""
    try:
        together = "".join(values)
    except TypeError:
        return False
    return all(values) and max(map(len, values), default=0) <= longest and is_storable(together)


def _times(values: Sequence[Any], span: Span) -> _Column[int | None]:
    found = _moments(values)
    oldest, end = microseconds(span.oldest), microseconds(span.end)
    if found is not None and (found.size == 0 or oldest <= found.min() <= found.max() < end):
        return _Column(found.tolist(), {})
    return _each(values, lambda value: check_time(value, span))


def _moments(values: Sequence[Any]) -> npt.NDArray[np.int64] | None:
    """Read times as Arrow does, which knows fewer spellings, and none that means something else."""
    # From buffer to buffer: lists and to_numpy would load pandas, where it is installed, at the first request.
    try:
        text = "".join(values).encode("ascii")
        ends = np.fromiter(map(len, values), np.int64, len(values)).cumsum()
        bounds = pa.py_buffer(np.concatenate(([0], ends)))
        texts = pa.LargeStringArray.from_buffers(len(values), bounds, pa.py_buffer(text))
        return np.frombuffer(texts.cast(_TIME).buffers()[1], np.int64, len(values))
    except (TypeError, UnicodeEncodeError, pa.ArrowInvalid):
        return None


def _quantities(values: Sequence[Any]) -> _Column[int | str | None]:
    """Check whole numbers by the least and the largest, and plain decimals by one pattern for all of them."""
    if not set(map(type, values)) <= {int, str}:
        return _each(values, check_quantity)
    whole = [value for value in values if type(value) is int]
    decimals = [value for value in values if type(value) is str]
    is_plain = are_plain_numbers(decimals) and min(whole, default=0) >= 0 and max(whole, default=0) <= LARGEST_QUANTITY
    return _Column(values, {}) if is_plain else _each(values, check_quantity)


def _facts(rests: Sequence[dict[str, Any]]) -> _Column[dict[str, str] | None]:
    """Check what is left of every event; facts that are plain text, as nearly all are, stay where they are."""
    names: set[str] = set().union(*rests)
    if not all(map(is_fact_name, names)) or max(map(len, rests), default=0) > MOST_FACTS:
        return _each(rests, check_facts)
    # Joined and not sorted out: what was just decoded has no hashes yet.
    if _are_plain(list(chain.from_iterable(map(dict.values, rests))), LONGEST_TEXT):
        return _Column(rests, {})
    return _each(rests, lambda rest: rest if all(map(is_plain_fact, rest.values())) else check_facts(rest))
