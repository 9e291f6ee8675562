"""Proportional: split by what each owner used in the window, hour by hour, with what stands in where nobody did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import duckdb

from rules.hours import end_of_bucket
from rules.methods.idle import idle_parts, needs_capacity
from rules.outcomes import FixedSplit, UsageSplit
from rules.schema import UNATTRIBUTED
from rules.usage import Measure, is_covered, latest_buckets, pools_of, sums_by_team
from rules.weights import UNITS_PER_ONE, Part, Weights, by_team

Window = tuple[int, int]


@dataclass(frozen=True)
class UsageSource:
    """Where usage is read: a connection with the resolved usage, and the table of what its sources covered."""

    connection: duckdb.DuckDBPyConnection
    coverage: str


def weigh_usage(
    source: UsageSource, split: UsageSplit, windows: Sequence[Window]
) -> tuple[dict[Window, Weights | None], tuple[str, ...]]:
    """Return the weights of each window, None where the cost stays with its owner, and warnings."""
    found, warnings = _measured(source, split, windows)
    missing = [window for window in windows if not found[window].parts]
    weights: dict[Window, Weights | None] = dict(found)
    stand_in = _previous(source, split, missing) if split.without_usage == "previous" else {}
    for window in missing:
        reason = _reason(source, split, window)
        if window in stand_in:
            weights[window] = replace(stand_in[window], fallback=f"previous:{reason}")
        else:
            weights[window] = _without_usage(split, window, reason)
    return weights, warnings + _ambiguity(source, split)


def fixed_parts(split: FixedSplit) -> tuple[Part, ...]:
    """Return the parts of a fixed or even split."""
    return by_team({team: Fraction(weight) * UNITS_PER_ONE for team, weight in split.weights})


def _measured(
    source: UsageSource, split: UsageSplit, windows: Sequence[Window]
) -> tuple[dict[Window, Weights], tuple[str, ...]]:
    """Return the weights of each window from its own usage; without parts where nobody used anything."""
    held = sums_by_team(source.connection, [Measure(split.metric, split.pool, *window) for window in windows])
    if needs_capacity(split):
        parts, warnings = idle_parts(source.connection, split, windows, held)
    else:
        parts, warnings = [by_team(taking_part(split, one)) for one in held], ()
    return {window: Weights(one, window) for window, one in zip(windows, parts, strict=True)}, warnings


def taking_part(split: UsageSplit, used: dict[str, int]) -> dict[str, int]:
    """Return the usage of the owners that take part."""
    return {team: units for team, units in used.items() if not split.among or team in split.among}


def _previous(source: UsageSource, split: UsageSplit, windows: Sequence[Window]) -> dict[Window, Weights]:
    measures = [Measure(split.metric, split.pool, *window) for window in windows]
    starts = latest_buckets(source.connection, measures, split.per, split.among)
    before = {
        window: (start, end_of_bucket(start, split.per))
        for window, start in zip(windows, starts, strict=True)
        if start is not None
    }
    measured, _ = _measured(source, split, sorted(set(before.values())))
    return {window: measured[bucket] for window, bucket in before.items()}


def _without_usage(split: UsageSplit, window: Window, reason: str) -> Weights | None:
    if split.without_usage == "keep":
        return None
    if isinstance(split.without_usage, FixedSplit):
        return Weights(fixed_parts(split.without_usage), window, f"{split.without_usage.method}:{reason}")
    return Weights((Part(UNATTRIBUTED, 1),), window, f"unattributed:{reason}")


def _reason(source: UsageSource, split: UsageSplit, window: Window) -> str:
    covered = is_covered(source.connection, source.coverage, Measure(split.metric, split.pool, *window))
    return "zero" if covered else "not_covered"


def _ambiguity(source: UsageSource, split: UsageSplit) -> tuple[str, ...]:
    if split.pool is not None:
        return ()
    pools = pools_of(source.connection, split.metric)
    if len(pools) <= 1:
        return ()
    return (
        f"`{split.metric}` is reported by several pools ({', '.join(pools)}) and was added up: name one in `pool:`",
    )
