"""Asking Prometheus: which queries, in which pieces, and its answers as series by time slot.

Time is cut into slots of one step. Slot k of a piece is [start + k*step, start + (k+1)*step): it is asked for at its
last millisecond with a range of exactly one step, so that a sample counts in one slot only, nothing is carried over a
gap by Prometheus' five-minute lookback, and closed (2.x) and half-open (3.x) ranges give the same.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from collectors.api.session import Session
from collectors.api.windows import HOUR
from collectors.base import Window
from collectors.gpus.owners import OwnerLabels
from collectors.gpus.series import PERCENT_PER_UNIT, Labelling, Series, Target, read_series
from collectors.promql import EPOCH, MILLISECOND, in_seconds, result_of, selected, timestamp

_MOST_POINTS = 10_000
"""Under the 11,000 points a series that Prometheus answers at most."""

_LONGEST_PIECE = 6 * HOUR


@dataclass(frozen=True)
class Asking:
    """What is asked for: further label matchers, the step, how labels are read, and which of owners."""

    selector: str
    step: timedelta
    labelling: Labelling
    owners: OwnerLabels


def longest_piece(step: timedelta) -> timedelta:
    """Return how many whole hours Prometheus answers at once."""
    return min(_LONGEST_PIECE, max(1, int(_MOST_POINTS * step / HOUR)) * HOUR)


def ask_piece(session: Session, asking: Asking, piece: Window) -> tuple[Series, ...]:
    """Return every series of utilisation in a piece; slots count from its start. Raises CollectError."""
    exporters = _exporters(session, asking, piece)
    found: list[Series] = []
    for metric in PERCENT_PER_UNIT:
        fields = {
            "query": f"last_over_time({selected(metric, asking.selector)}[{in_seconds(asking.step)}])",
            "start": timestamp(piece.start + asking.step - MILLISECOND),
            "end": timestamp(piece.end - MILLISECOND),
            "step": in_seconds(asking.step),
        }
        for result in result_of(session.post_form("api/v1/query_range", fields), session.server):
            samples = ((_slot(at, piece, asking.step), value) for at, value in result["values"])
            series = read_series(metric, result["metric"], samples, asking.labelling, exporters)
            if series is not None:
                found.append(series)
    return tuple(found)


def _exporters(session: Session, asking: Asking, piece: Window) -> frozenset[Target]:
    """Return which pods are the exporters themselves: those that `up` knows for the instances that report GPUs."""
    span = in_seconds(piece.end - piece.start)
    names = "|".join(PERCENT_PER_UNIT)
    gpus = selected("", ", ".join(part for part in (f'__name__=~"{names}"', asking.selector) if part))
    query = (
        f'group by (instance, job, pod) (last_over_time(up{{pod!=""}}[{span}]))'
        f" and on (instance, job) group by (instance, job) (last_over_time({gpus}[{span}]))"
    )
    fields = {"query": query, "time": timestamp(piece.end - MILLISECOND)}
    answer = result_of(session.post_form("api/v1/query", fields), session.server)
    return frozenset(
        (labels.get("instance", ""), labels.get("job", ""), labels.get("pod", ""))
        for labels in (result["metric"] for result in answer)
    )


def _slot(at: Decimal | int, piece: Window, step: timedelta) -> int:
    instant = EPOCH + timedelta(milliseconds=int(at * 1000))
    return (instant - piece.start) // step
