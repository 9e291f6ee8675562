"""Which GPUs are idle, low or saturated now, and since when; never by what was not measured."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import attrgetter

from alerts.amounts import times, total
from alerts.detect.gpu_hours import HOUR, Condition, GpuHour, IdlePolicy, Streak

Group = tuple[str, str]
"""A team and a pool."""


def judged(known: Sequence[GpuHour], now: datetime, policy: IdlePolicy) -> Iterator[tuple[Group, Streak | None]]:
    """Yield (team, pool) and each GPU's streak; None where too little is known of it to say that it is idle."""
    ordered = sorted(known, key=attrgetter("pool", "gpu", "hour"))
    for pool, of_pool in groupby(ordered, key=attrgetter("pool")):
        rows = list(of_pool)
        end = max(row.hour for row in rows) + HOUR
        is_stale = end < now - policy.stale_after
        for _, of_gpu in groupby(rows, key=attrgetter("gpu")):
            history = list(of_gpu)
            for team, allocated in sorted(_holders(history, end, policy)):
                own = _one_an_hour(row for row in history if (row.team, row.allocated) == (team, allocated))
                streak = None if is_stale else _streak(own, end, policy)
                if streak is None or streak.hours:
                    yield (team, pool), streak


def _holders(history: Sequence[GpuHour], end: datetime, policy: IdlePolicy) -> set[tuple[str, bool]]:
    """Return who held the GPU in the newest of its hours inside the window; nobody where it is gone from there."""
    start = end - policy.hours * HOUR
    inside = [row for row in history if row.hour >= start]
    newest = max((row.hour for row in inside), default=end)
    return {(row.team, row.allocated) for row in inside if row.hour == newest}


def _one_an_hour(rows: Iterable[GpuHour]) -> list[GpuHour]:
    """Put together what pods of one team had of a GPU in an hour."""
    return [_joined(list(of_hour)) for _, of_hour in groupby(rows, key=attrgetter("hour"))]


def _joined(rows: Sequence[GpuHour]) -> GpuHour:
    """Join rows of an hour: one after the other where a pod was restarted, beside each other on a shared GPU.

    Where one followed the other their samples add up to no more than the GPU was seen: then the mean is over all of
    them. Beside each other the GPU is as busy as the busiest says.
    """
    if len(rows) == 1:
        return rows[0]
    present, seen = total(row.samples_present for row in rows), max(row.seen for row in rows)
    busiest = max(rows, key=attrgetter("utilization"))
    if 0 < present <= seen:
        weighted = total(times(row.utilization, row.samples_present) for row in rows)
        utilization = weighted / present
    else:
        utilization = busiest.utilization
    return replace(
        max(rows, key=attrgetter("held")),
        utilization=utilization,
        samples_present=min(present, seen),
        held=min(total(row.held for row in rows), Decimal(1)),
        low_stretch=_longest(row.low_stretch for row in rows),
        saturated_stretch=_longest(row.saturated_stretch for row in rows),
    )


def _longest(stretches: Iterable[Decimal | None]) -> Decimal | None:
    return max((stretch for stretch in stretches if stretch is not None), default=None)


def _streak(own: Sequence[GpuHour], end: datetime, policy: IdlePolicy) -> Streak | None:
    """Return what holds of the GPU up to `end`: a streak without hours where nothing does.

    What may be idle, and is not measured well enough to say so, is not told as little used instead.
    """
    start = end - policy.hours * HOUR
    window = [row for row in own if row.hour >= start]
    enough = total(row.samples_present for row in window) >= times(policy.coverage, policy.hours)
    if enough and all(row.utilization < policy.below for row in window):
        return Streak("idle", _backwards(own, end, start, policy, lambda row: row.utilization < policy.below))
    if not enough and (not own or own[-1].utilization < policy.below):
        return None
    for condition, lasts in _lasting(policy):
        hours = _backwards(own, end, end, policy, lasts) if own[-1].allocated else ()
        if hours:
            return Streak(condition, hours)
    return Streak("idle", ()) if enough else None


def _lasting(policy: IdlePolicy) -> Iterator[tuple[Condition, Callable[[GpuHour], bool]]]:
    """Yield the conditions that a stretch within an hour makes, with whether an hour has one that is long enough."""
    if policy.saturated_for is not None:
        shortest_saturated = _in_hours(policy.saturated_for)
        yield "saturated", lambda row: Fraction(row.saturated_stretch or 0) >= shortest_saturated
    if policy.low_for is not None:
        shortest_low = _in_hours(policy.low_for)
        yield "low", lambda row: Fraction(row.low_stretch or 0) >= shortest_low


def _in_hours(span: timedelta) -> Fraction:
    """Return the span in hours, a little less: stretches are rounded down at the twelfth decimal."""
    return Fraction(span // timedelta(microseconds=1), HOUR // timedelta(microseconds=1)) - Fraction(1, 10**12)


def _backwards(
    own: Sequence[GpuHour], end: datetime, counted: datetime, policy: IdlePolicy, holds: Callable[[GpuHour], bool]
) -> tuple[GpuHour, ...]:
    """Return the hours up to `end` in which it holds; a gap ends them too: what is not measured is not counted.

    From `counted` on the samples were counted as a whole, and an hour may lack more of them than another.
    """
    found: list[GpuHour] = []
    for row in reversed(own):
        measured = row.samples_present >= policy.coverage or row.hour >= counted
        if row.hour != end - HOUR or not measured or not holds(row):
            break
        found.append(row)
        end = row.hour
    return tuple(reversed(found))
