"""Days of a month attributed beside each other in this process, each by a cursor of its own to one database.

The engine and Arrow let other threads run while they work. What a day is begun with stays in its cursor until the costs
of the whole month are known, so that no day is done twice.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TypeVar

import pyarrow as pa

from attributor.attributing.attributed import AttributedDay, BegunDay, begin_day, finish_day
from attributor.attributing.days import DayReading, OpenUsage, WholeMonth, open_usage, usage_for
from attributor.attributing.months import costs_of_day, days_with_charges, joined, pools_of_day
from attributor.attributing.ordered import in_order
from attributor.attributing.usage_rows import UsageRows, usage_rows
from attributor.lake.duck import one_thread_a_question
from attributor.periods import Month
from rules.month import needs_costs
from rules.pools import needs_pools

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Room:
    """Where days are worked on: what they share, who works, and the days that wait for the costs of the month."""

    reading: DayReading
    usage: OpenUsage
    used: Mapping[date, UsageRows]
    threads: Executor
    begun: dict[date, BegunDay] = field(default_factory=dict)


def work_beside(slots: int, reading: DayReading, month: Month, days: Sequence[date]) -> Iterator[AttributedDay]:
    """Attribute days of a month, `slots` at once; they share their usage, which gets its owners once.

    Yields them in their order, each with its files written and nothing committed.
    """
    with _room(slots, reading, days) as room:
        whole = days_with_charges(reading.inputs, month)
        wanted = whole if needs_pools(reading.ruleset) else ()
        pools = joined(list(_each(room, partial(_pools, room), wanted)))
        wanted = whole if needs_costs(reading.ruleset) else ()
        costs = joined(list(_each(room, partial(_costs, room, pools, frozenset(days)), wanted)))
        yield from _each(room, partial(_finished, room, WholeMonth(costs, pools)), days)


@contextmanager
def _room(slots: int, reading: DayReading, days: Sequence[date]) -> Iterator[_Room]:
    usage = open_usage(reading, usage_for(reading, days), shared=True)
    begun: dict[date, BegunDay] = {}
    try:
        used = usage_rows(reading.connection, usage.table, days)
        with (
            one_thread_a_question(reading.connection, among=min(slots, len(days))),
            ThreadPoolExecutor(slots, thread_name_prefix="attribute") as threads,
        ):
            yield _Room(reading, usage, used, threads, begun)
    finally:
        for day in begun.values():
            day.reading.connection.close()
        reading.connection.execute(f"DROP TABLE {usage.table}")


def _each(room: _Room, work: Callable[[date], Result], days: Sequence[date]) -> Iterator[Result]:
    return in_order(room.threads, work, days, Future.result)


def _own(room: _Room) -> DayReading:
    return replace(room.reading, connection=room.reading.connection.cursor())


def _pools(room: _Room, day: date) -> pa.Table:
    own = _own(room)
    try:
        return pools_of_day(own, room.usage, day)
    finally:
        own.connection.close()


def _costs(room: _Room, pools: pa.Table | None, wanted: Collection[date], day: date) -> pa.Table:
    """Begin a day; where it is wanted, it stays begun."""
    own = _own(room)
    begun = begin_day(own, room.usage, day, pools)
    costs = costs_of_day(begun)
    if day in wanted:
        room.begun[day] = begun
    else:
        own.connection.close()
    return costs


def _finished(room: _Room, whole: WholeMonth, day: date) -> AttributedDay:
    begun = room.begun.pop(day, None) or begin_day(_own(room), room.usage, day, whole.pools)
    try:
        return finish_day(begun, whole.costs, room.used[day])
    finally:
        begun.reading.connection.close()
