"""Idle GPU capacity by cause: what nobody held, and what was held but did not compute."""

from collections.abc import Sequence
from fractions import Fraction

import duckdb

from rules.outcomes import HOLDER, SPREAD, UsageSplit
from rules.schema import IDLE
from rules.usage import Measure, sums_by_team
from rules.weights import Part, integer_weights

CAPACITY = "gpu.capacity_hours"
BUSY = "gpu.busy_hours"
UNALLOCATED_CAUSE = "unallocated"
HELD_CAUSE = "held"

_Weight = tuple[str, str, Fraction | int]


def needs_capacity(split: UsageSplit) -> bool:
    """Return whether a split tells idle capacity apart."""
    return bool(split.idle)


def idle_parts(
    connection: duckdb.DuckDBPyConnection,
    split: UsageSplit,
    windows: Sequence[tuple[int, int]],
    held: Sequence[dict[str, int]],
) -> tuple[list[tuple[Part, ...]], tuple[str, ...]]:
    """Return the parts of each window, busy, held and unallocated, and a warning where a metric is not reported.

    A window of which no capacity is reported has no unallocated part; one without busy hours, no held part.
    """
    capacity = sums_by_team(connection, [Measure(CAPACITY, split.pool, *window) for window in windows])
    busy = sums_by_team(connection, [Measure(BUSY, split.pool, *window) for window in windows])
    parts = [_parts(split, *one) for one in zip(held, capacity, busy, strict=True)]
    pool = split.pool or "the pool"
    warnings = []
    if any(used and not reported for used, reported in zip(held, capacity, strict=True)):
        warnings.append(f"no `{CAPACITY}` of {pool} is reported: what nobody held has no line")
    if any(used and not reported for used, reported in zip(held, busy, strict=True)):
        warnings.append(f"no `{BUSY}` of {pool} is reported: all that was held counts as computing")
    return parts, tuple(warnings)


def _parts(split: UsageSplit, held: dict[str, int], capacity: dict[str, int], busy: dict[str, int]) -> tuple[Part, ...]:
    taking_part = {team: units for team, units in held.items() if not split.among or team in split.among}
    unallocated = max(sum(capacity.values()) - sum(held.values()), 0)
    weights: list[_Weight] = [(split.unallocated or IDLE, UNALLOCATED_CAUSE, unallocated)]
    idle = {team: units - min(busy.get(team, 0), units) if busy else 0 for team, units in taking_part.items()}
    weights += [(team, "", units - idle[team]) for team, units in taking_part.items()]
    return integer_weights(weights + _bearers(split, taking_part, idle))


def _bearers(split: UsageSplit, held: dict[str, int], idle: dict[str, int]) -> list[_Weight]:
    """Return who bears what was held but did not compute; spread goes by what each holds."""
    total_idle, total_held = sum(idle.values()), sum(held.values())
    if split.idle == HOLDER:
        return [(team, HELD_CAUSE, units) for team, units in idle.items()]
    if split.idle != SPREAD:
        return [(split.idle, HELD_CAUSE, total_idle)]
    return [(team, HELD_CAUSE, Fraction(total_idle * units, total_held)) for team, units in held.items() if total_held]
