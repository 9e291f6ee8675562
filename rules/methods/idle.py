"""Idle GPU capacity by cause: what nobody held, what was held but did not compute, and what computed but little."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.measures import Measure, UsageSource, sums_by_team
from rules.outcomes import HOLDER, SPREAD, UsageSplit
from rules.schema import IDLE
from rules.weights import Part, integer_weights

CAPACITY = "gpu.capacity_hours"
BUSY = "gpu.busy_hours"
LOW = "gpu.low_hours"
UNALLOCATED_CAUSE = "unallocated"
HELD_CAUSE = "held"
LOW_CAUSE = "low"

_Weight = tuple[str, str, Fraction | int]


def needs_capacity(split: UsageSplit) -> bool:
    """Return whether a split tells idle capacity apart."""
    return bool(split.idle)


def idle_measures(split: UsageSplit, windows: Sequence[tuple[int, int]]) -> list[Measure]:
    """Return what `idle_parts` sums beside what was held."""
    return [measure for metric in (CAPACITY, BUSY, LOW) for measure in _measures_of(metric, split, windows)]


def _measures_of(metric: str, split: UsageSplit, windows: Sequence[tuple[int, int]]) -> list[Measure]:
    return [Measure(metric, split.drivers[0].pool, *window) for window in windows]


def idle_parts(
    source: UsageSource,
    split: UsageSplit,
    windows: Sequence[tuple[int, int]],
    held: Sequence[dict[str, int]],
) -> tuple[list[tuple[Part, ...]], tuple[str, ...]]:
    """Return the parts of each window, busy, low, held and unallocated, and a warning where a metric is not reported.

    A window of which no capacity is reported has no unallocated part; one without busy hours, no held part; one
    without low hours, which only some sources tell of, no low part.
    """
    of_pool = split.drivers[0].pool
    capacity, busy, low = (
        sums_by_team(source, _measures_of(metric, split, windows)) for metric in (CAPACITY, BUSY, LOW)
    )
    parts = [_parts(split, _Hours(*one)) for one in zip(held, capacity, busy, low, strict=True)]
    pool = of_pool or "the pool"
    warnings = []
    if any(used and not reported for used, reported in zip(held, capacity, strict=True)):
        warnings.append(f"no `{CAPACITY}` of {pool} is reported: what nobody held has no line")
    if any(used and not reported for used, reported in zip(held, busy, strict=True)):
        warnings.append(f"no `{BUSY}` of {pool} is reported: all that was held counts as computing")
    return parts, tuple(warnings)


@dataclass(frozen=True)
class _Hours:
    """The GPU hours of one window by owner, in 1e-12 hours."""

    held: dict[str, int]
    capacity: dict[str, int]
    busy: dict[str, int]
    low: dict[str, int]


def _parts(split: UsageSplit, hours: _Hours) -> tuple[Part, ...]:
    taking_part = {team: units for team, units in hours.held.items() if not split.among or team in split.among}
    unallocated = max(sum(hours.capacity.values()) - sum(hours.held.values()), 0)
    weights: list[_Weight] = [(split.unallocated or IDLE, UNALLOCATED_CAUSE, unallocated)]
    busy = {team: min(hours.busy.get(team, 0), units) if hours.busy else units for team, units in taking_part.items()}
    low = {team: min(hours.low.get(team, 0), units) for team, units in busy.items()}
    weights += [(team, "", units - low[team]) for team, units in busy.items()]
    idle = {team: units - busy[team] for team, units in taking_part.items()}
    for cause, wasted in ((HELD_CAUSE, idle), (LOW_CAUSE, low)):
        weights += [(team, cause, units) for team, units in _bearers(split, taking_part, wasted)]
    return integer_weights(weights)


def _bearers(split: UsageSplit, held: dict[str, int], wasted: dict[str, int]) -> Iterable[tuple[str, Fraction | int]]:
    """Return who bears what was held and not used; spread goes by what each holds."""
    total_wasted, total_held = sum(wasted.values()), sum(held.values())
    if split.idle == HOLDER:
        return wasted.items()
    if split.idle != SPREAD:
        return [(split.idle, total_wasted)]
    return [(team, Fraction(total_wasted * units, total_held)) for team, units in held.items() if total_held]
