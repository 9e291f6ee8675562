"""Days of a month spread over the workers of a cluster; whoever leads takes their results in the days' order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TypeVar

import pyarrow as pa

from attributor.attributing.attributed import AttributedDay
from attributor.attributing.days import DayReading, WholeMonth
from attributor.attributing.months import days_with_charges, joined
from attributor.attributing.ordered import in_order
from attributor.attributing.pieces import Piece, attributed_piece, costs_of_piece, piece_of, pools_of_piece
from attributor.periods import Month
from rules.month import needs_costs
from rules.pools import needs_pools

Result = TypeVar("Result")
_MOST_DAYS = 8
"""Of one piece: a result must not grow without bound, and what a lost worker had done is done again."""

_LOOK_EVERY_SECONDS = 2
_PIECES_PER_SLOT = 2
"""So that one that takes longer does not keep the others waiting; each reads nine days of usage besides its own."""


@dataclass(frozen=True)
class Cluster:
    """Who does the pieces, and how many at once; `look` raises where the cluster is gone, so that nobody waits on."""

    executor: Executor
    slots: int
    look: Callable[[], None]


def spread_month(cluster: Cluster, reading: DayReading, month: Month, days: Sequence[date]) -> Iterator[AttributedDay]:
    """Have days of a month attributed by the cluster, as `beside.work_beside` does here.

    Where rules lean on the whole month, its days' pools and costs come first, by the cluster too. Raises what the
    pieces raise; then, and where nobody takes the results any more, the pieces that have not begun are called back.
    """
    whole, all_days = WholeMonth(), days_with_charges(reading.inputs, month)
    if needs_pools(reading.ruleset):
        whole = WholeMonth(pools=_gathered(cluster, pools_of_piece, _pieces(cluster, reading, all_days, whole)))
    if needs_costs(reading.ruleset):
        costs = _gathered(cluster, costs_of_piece, _pieces(cluster, reading, all_days, whole))
        whole = replace(whole, costs=costs)
    for done in _done(cluster, attributed_piece, _pieces(cluster, reading, days, whole)):
        yield from done


def _pieces(cluster: Cluster, reading: DayReading, days: Sequence[date], whole: WholeMonth) -> list[Piece]:
    return [piece_of(reading, some, whole) for some in shared_out(days, cluster.slots)]


def _gathered(
    cluster: Cluster, work: Callable[[Piece], tuple[pa.Table, ...]], pieces: Sequence[Piece]
) -> pa.Table | None:
    return joined([found for done in _done(cluster, work, pieces) for found in done])


def shared_out(days: Sequence[date], slots: int) -> list[tuple[date, ...]]:
    """Share out days, in their order, in pieces of about equal length."""
    count = min(len(days), max(_PIECES_PER_SLOT * slots, -(-len(days) // _MOST_DAYS)))
    return [tuple(days[len(days) * at // count : len(days) * (at + 1) // count]) for at in range(count)]


def _done(cluster: Cluster, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
    return in_order(cluster.executor, work, pieces, partial(_result, cluster))


def _result(cluster: Cluster, future: Future[Result]) -> Result:
    while True:
        try:
            return future.result(timeout=_LOOK_EVERY_SECONDS)
        except TimeoutError:
            if future.done():
                return future.result()
            cluster.look()
