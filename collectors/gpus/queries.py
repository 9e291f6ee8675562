"""Asking Prometheus: which queries, in which pieces, and its answers as series by time slot.

Time is cut into slots of one step. Slot k of a piece is [start + k*step, start + (k+1)*step): it is asked for at its
last millisecond with a range of exactly one step, so that a sample counts in one slot only, nothing is carried over a
gap by Prometheus' five-minute lookback, and closed (2.x) and half-open (3.x) ranges give the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2

from collectors.base import CollectError, Window
from collectors.gpus.series import PERCENT_PER_UNIT, Labelling, Series, Target, read_series
from collectors.http import Server, post_form

_MOST_POINTS = 10_000
"""Under the 11,000 points a series that Prometheus answers at most."""

_LONGEST_PIECE = timedelta(hours=6)
_HOUR = timedelta(hours=1)
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Asking:
    """What is asked for: the server, further label matchers, the step, and how labels are read."""

    server: Server
    selector: str
    step: timedelta
    labelling: Labelling


def pieces_of(window: Window, step: timedelta) -> Iterator[Window]:
    """Cut a window of whole hours into pieces of whole hours that Prometheus answers at once."""
    fitting = max(1, int(_MOST_POINTS * step / _HOUR)) * _HOUR
    length = min(_LONGEST_PIECE, fitting)
    start = window.start
    while start < window.end:
        end = min(start + length, window.end)
        yield Window(start, end)
        start = end


def ask_piece(client: httpx2.Client, asking: Asking, piece: Window) -> tuple[Series, ...]:
    """Return every series of utilisation in a piece; slots count from its start. Raises CollectError."""
    exporters = _exporters(client, asking, piece)
    found: list[Series] = []
    for metric in PERCENT_PER_UNIT:
        fields = {
            "query": f"last_over_time({_selected(metric, asking.selector)}[{_seconds(asking.step)}])",
            "start": _timestamp(piece.start + asking.step - _MILLISECOND),
            "end": _timestamp(piece.end - _MILLISECOND),
            "step": _seconds(asking.step),
        }
        for result in _result(post_form(client, asking.server, "api/v1/query_range", fields), asking.server):
            samples = ((_slot(at, piece, asking.step), value) for at, value in result["values"])
            series = read_series(metric, result["metric"], samples, asking.labelling, exporters)
            if series is not None:
                found.append(series)
    return tuple(found)


def _exporters(client: httpx2.Client, asking: Asking, piece: Window) -> frozenset[Target]:
    """Return which pods are the exporters themselves: those that `up` knows for the instances that report GPUs."""
    span = _seconds(piece.end - piece.start)
    names = "|".join(PERCENT_PER_UNIT)
    gpus = _selected("", ", ".join(part for part in (f'__name__=~"{names}"', asking.selector) if part))
    query = (
        f'group by (instance, job, pod) (last_over_time(up{{pod!=""}}[{span}]))'
        f" and on (instance, job) group by (instance, job) (last_over_time({gpus}[{span}]))"
    )
    fields = {"query": query, "time": _timestamp(piece.end - _MILLISECOND)}
    answer = _result(post_form(client, asking.server, "api/v1/query", fields), asking.server)
    return frozenset(
        (labels.get("instance", ""), labels.get("job", ""), labels.get("pod", ""))
        for labels in (result["metric"] for result in answer)
    )


def _result(answer: Any, server: Server) -> list[Mapping[str, Any]]:
    """Return the result of an answer; a partial one, which Prometheus marks with warnings, is refused."""
    if not isinstance(answer, dict) or answer.get("status") != "success" or "data" not in answer:
        raise CollectError(f"{server.shown} gave an answer that is not Prometheus'", permanent=True)
    if answer.get("warnings"):
        raise CollectError(f"{server.shown} answered in part only: {answer['warnings'][0]}", permanent=False)
    result: list[Mapping[str, Any]] = answer["data"]["result"]
    return result


def _selected(metric: str, selector: str) -> str:
    return f"{metric}{{{selector}}}"


def _seconds(length: timedelta) -> str:
    return f"{int(length.total_seconds())}s"


def _timestamp(instant: datetime) -> str:
    milliseconds = (instant - _EPOCH) // _MILLISECOND
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def _slot(at: Decimal | int, piece: Window, step: timedelta) -> int:
    instant = _EPOCH + timedelta(milliseconds=int(at * 1000))
    return (instant - piece.start) // step
