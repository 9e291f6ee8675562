"""Asking Prometheus: which queries, in which pieces, and its answers as series by time slot.

Time is cut into slots of one step. Slot k of a piece is [start + k*step, start + (k+1)*step): it is asked for at its
last millisecond with a range of exactly one step, so that a sample counts in one slot only, nothing is carried over a
gap by Prometheus' five-minute lookback, and closed (2.x) and half-open (3.x) ranges give the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import httpx2

from collectors.base import Window
from collectors.gpus.owners import OwnerLabels
from collectors.gpus.series import PERCENT_PER_UNIT, Labelling, Series, Target, read_series
from collectors.http import Server, post_form
from collectors.promql import EPOCH, MILLISECOND, in_seconds, result_of, selected, timestamp

_MOST_POINTS = 10_000
"""Under the 11,000 points a series that Prometheus answers at most."""

_LONGEST_PIECE = timedelta(hours=6)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Asking:
    """What is asked for: the server, further label matchers, the step, how labels are read, and which of owners."""

    server: Server
    selector: str
    step: timedelta
    labelling: Labelling
    owners: OwnerLabels


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
            "query": f"last_over_time({selected(metric, asking.selector)}[{in_seconds(asking.step)}])",
            "start": timestamp(piece.start + asking.step - MILLISECOND),
            "end": timestamp(piece.end - MILLISECOND),
            "step": in_seconds(asking.step),
        }
        for result in result_of(post_form(client, asking.server, "api/v1/query_range", fields), asking.server):
            samples = ((_slot(at, piece, asking.step), value) for at, value in result["values"])
            series = read_series(metric, result["metric"], samples, asking.labelling, exporters)
            if series is not None:
                found.append(series)
    return tuple(found)


def _exporters(client: httpx2.Client, asking: Asking, piece: Window) -> frozenset[Target]:
    """Return which pods are the exporters themselves: those that `up` knows for the instances that report GPUs."""
    span = in_seconds(piece.end - piece.start)
    names = "|".join(PERCENT_PER_UNIT)
    gpus = selected("", ", ".join(part for part in (f'__name__=~"{names}"', asking.selector) if part))
    query = (
        f'group by (instance, job, pod) (last_over_time(up{{pod!=""}}[{span}]))'
        f" and on (instance, job) group by (instance, job) (last_over_time({gpus}[{span}]))"
    )
    fields = {"query": query, "time": timestamp(piece.end - MILLISECOND)}
    answer = result_of(post_form(client, asking.server, "api/v1/query", fields), asking.server)
    return frozenset(
        (labels.get("instance", ""), labels.get("job", ""), labels.get("pod", ""))
        for labels in (result["metric"] for result in answer)
    )


def _slot(at: Decimal | int, piece: Window, step: timedelta) -> int:
    instant = EPOCH + timedelta(milliseconds=int(at * 1000))
    return (instant - piece.start) // step
