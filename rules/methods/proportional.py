"""Proportional: split by what each owner used in the window, hour by hour, with what stands in where nobody did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from rules.hours import end_of_bucket, instant
from rules.measures import Measure, UsageSource, is_covered, latest_buckets, pools_of, sums_by_team
from rules.methods.idle import idle_measures, idle_parts, needs_capacity
from rules.outcomes import Days, FixedSplit, UsageSplit
from rules.schema import UNATTRIBUTED
from rules.weights import UNITS_PER_ONE, Part, Weights, by_team

Window = tuple[int, int]


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


def split_measures(split: UsageSplit, windows: Sequence[Window]) -> list[Measure]:
    """Return all that `weigh_usage` sums for windows that have usage."""
    held = [Measure(driver.metric, driver.pool, *window) for driver in split.drivers for window in windows]
    return held + (idle_measures(split, windows) if needs_capacity(split) else [])


def fixed_parts(split: FixedSplit, day: date) -> tuple[Part, ...]:
    """Return the parts of a fixed or even split on a UTC day; none where no member is there on it."""
    days = dict(split.days)
    there = ((team, weight) for team, weight in split.weights if _within(days.get(team, (None, None)), day))
    return by_team({team: Fraction(weight) * UNITS_PER_ONE for team, weight in there})


def fixed_weights(split: FixedSplit, day: date) -> Weights:
    """Return the weights of a fixed or even split on a UTC day; nobody's where no member is there on it."""
    return Weights(fixed_parts(split, day) or (Part(UNATTRIBUTED, 1),))


def _within(days: Days, day: date) -> bool:
    start, end = days
    return (start is None or start <= day) and (end is None or day < end)


def _measured(
    source: UsageSource, split: UsageSplit, windows: Sequence[Window]
) -> tuple[dict[Window, Weights], tuple[str, ...]]:
    """Return the weights of each window from its own usage; without parts where nobody used anything."""
    used = [
        sums_by_team(source, [Measure(driver.metric, driver.pool, *window) for window in windows])
        for driver in split.drivers
    ]
    if needs_capacity(split):
        parts, warnings = idle_parts(source, split, windows, used[0])
    else:
        parts, warnings = [by_team(_blended(split, of_window)) for of_window in zip(*used, strict=True)], ()
    return {window: Weights(one, window) for window, one in zip(windows, parts, strict=True)}, warnings


def taking_part(split: UsageSplit, used: dict[str, int]) -> dict[str, int]:
    """Return the usage of the owners that take part."""
    return {team: units for team, units in used.items() if not split.among or team in split.among}


def _blended(split: UsageSplit, used: Sequence[dict[str, int]]) -> Mapping[str, Fraction | int]:
    """Return the weights of one window from what each driver measured.

    Several drivers are made shares of 1 each and weighed; the weight of one that nobody used goes to the others.
    """
    found = [(Fraction(driver.weight), taking_part(split, of)) for driver, of in zip(split.drivers, used, strict=True)]
    if len(found) == 1:
        return found[0][1]
    totals = [(weight, of, sum(of.values())) for weight, of in found]
    present = sum((weight for weight, _, total in totals if total), Fraction(0))
    shares: dict[str, Fraction] = {}
    for weight, of, total in totals:
        for team, units in of.items() if total else ():
            share = weight / present * Fraction(units, total) * UNITS_PER_ONE
            shares[team] = shares.get(team, Fraction(0)) + share
    return shares


def _previous(source: UsageSource, split: UsageSplit, windows: Sequence[Window]) -> dict[Window, Weights]:
    """Return the weights of the last bucket before each window in which any driver was used."""
    by_driver = []
    for driver in split.drivers:
        measures = [Measure(driver.metric, driver.pool, *window) for window in windows]
        by_driver.append(latest_buckets(source, measures, split.per, split.among))
    before = {}
    for window, starts in zip(windows, zip(*by_driver, strict=True), strict=True):
        start = max((start for start in starts if start is not None), default=None)
        if start is not None:
            before[window] = (start, end_of_bucket(start, split.per))
    measured, _ = _measured(source, split, sorted(set(before.values())))
    return {window: measured[bucket] for window, bucket in before.items()}


def _without_usage(split: UsageSplit, window: Window, reason: str) -> Weights | None:
    if split.without_usage == "keep":
        return None
    if isinstance(split.without_usage, FixedSplit):
        stand_in = fixed_weights(split.without_usage, instant(window[0]).date())
        return replace(stand_in, window=window, fallback=f"{split.without_usage.method}:{reason}")
    return Weights((Part(UNATTRIBUTED, 1),), window, f"unattributed:{reason}")


def _reason(source: UsageSource, split: UsageSplit, window: Window) -> str:
    measures = (Measure(driver.metric, driver.pool, *window) for driver in split.drivers)
    covered = all(is_covered(source, measure) for measure in measures)
    return "zero" if covered else "not_covered"


def _ambiguity(source: UsageSource, split: UsageSplit) -> tuple[str, ...]:
    open_metrics = [driver.metric for driver in split.drivers if driver.pool is None]
    pools = {metric: pools_of(source, metric) for metric in open_metrics}
    return tuple(
        f"`{metric}` is reported by several pools ({', '.join(found)}) and was added up: name one in `pool:`"
        for metric, found in pools.items()
        if len(found) > 1
    )
