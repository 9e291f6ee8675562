"""Walk through the last weeks of a series day by day and judge each against what was usual before it.

A day far above the level is a spike. Three days in a row well above it are a shift. Days judged anomalous stay out of
the level until they have persisted for two weeks; then they are the new normal. Weekly medians that leave the trend of
the weeks before are a leak. The newest days may be incomplete: they are lower bounds, proof when above the band and
nothing otherwise.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from alerts.detect.baseline import (
    LEVEL_DAYS,
    SLOW_LEVEL_DAYS,
    SPREAD_DAYS,
    Baseline,
    Floats,
    median,
    spread_of,
)
from alerts.detect.drift import Drift, drifts
from alerts.detect.recurrence import Calendar

Rule = Literal["spike", "shift", "leak", "new service"]

SCANNED_DAYS = 56
LEAST_HISTORY = 12
SPIKE_SIGMAS = 5.0
SHIFT_SIGMAS = 2.3
SHIFT_DAYS = 3
SHIFT_MEAN = 3.0
TAIL_MARGIN = 1.15
TAIL_DAYS = 90
TAIL_RANK = 6
PERSISTS_AFTER = 14
LEAST_RATIO = 1.25


@dataclass(frozen=True)
class AnomalousDay:
    """A day above its band; money as floats, for show: `expected` is the baseline, `band` the upper limit."""

    day: int
    rule: Rule
    expected: float
    band: float


@dataclass
class _Walk:
    """What is known on the way: the calm days' levels and residuals, and days whose judgement is open."""

    calm: list[float]
    residuals: list[float]
    suspects: list[int] = field(default_factory=list)
    masked: list[int] = field(default_factory=list)
    found: dict[int, AnomalousDay] = field(default_factory=dict)

    def level(self) -> float:
        """Return the level: after a drop the slow one, so that coming back from a holiday is no shift."""
        return max(median(self.calm[-LEVEL_DAYS:]), median(self.calm[-SLOW_LEVEL_DAYS:]))


def scan(baseline: Baseline, complete: list[bool], calendar: Calendar, gate: float) -> list[AnomalousDay]:
    """Return the anomalous days of the last SCANNED_DAYS; `gate` is the least excess in money worth telling."""
    size = baseline.amounts.size
    start = max(size - SCANNED_DAYS, LEAST_HISTORY)
    if start >= size:
        return []
    walk = _Walk(_known(baseline.adjusted[:start], SLOW_LEVEL_DAYS), _known(baseline.residuals[:start], TAIL_DAYS))
    if len(walk.calm) < LEAST_HISTORY // 2:
        return []
    drifting = drifts(baseline, start)
    for day in range(start, size):
        if not np.isnan(baseline.adjusted[day]):
            _judge(day, walk, baseline, calendar, (complete[day], gate))
            if complete[day] and day not in walk.found and day in drifting:
                _judge_drift(day, drifting[day], walk, baseline, gate)
    return [walk.found[day] for day in sorted(walk.found)]


def _known(values: Floats, most: int) -> list[float]:
    known: list[float] = values[~np.isnan(values)][-most:].tolist()
    return known


def _judge(day: int, walk: _Walk, baseline: Baseline, calendar: Calendar, how: tuple[bool, float]) -> None:
    complete, gate = how
    level, spread = walk.level(), spread_of(walk.residuals[-SPREAD_DAYS:])
    adjusted = float(baseline.adjusted[day])
    sigmas = (adjusted - level) / spread
    expected = max(baseline.amount_at(level, day), 0.0)
    amount = float(baseline.amounts[day])
    material = amount - expected >= gate and amount >= LEAST_RATIO * expected
    if sigmas < SHIFT_SIGMAS or not material:
        if complete:
            _accept(day, adjusted - level, walk, baseline)
        return
    if calendar.recurs(day, adjusted - level):
        return
    far = adjusted - level >= max(SPIKE_SIGMAS * spread, TAIL_MARGIN * _tail(walk.residuals))
    if not complete and not far:
        return
    band = max(baseline.amount_at(level + SPIKE_SIGMAS * spread, day), expected + gate)
    walk.suspects.append(day)
    goes_on = bool(walk.masked)
    if far or goes_on:
        walk.found[day] = AnomalousDay(day, "shift" if goes_on else "spike", expected, min(band, amount))
    elif len(walk.suspects) >= SHIFT_DAYS and _mean_residual(walk.suspects, level, baseline) >= SHIFT_MEAN * spread:
        for each in walk.suspects:
            walk.found[each] = AnomalousDay(each, "shift", expected, min(band, float(baseline.amounts[each])))
    if day in walk.found:
        walk.masked += walk.suspects
        walk.suspects.clear()
    if len(walk.masked) >= PERSISTS_AFTER:
        _rebase(walk, baseline)


def _judge_drift(day: int, drift: Drift, walk: _Walk, baseline: Baseline, gate: float) -> None:
    expected = max(baseline.amount_at(drift.trend, day), 0.0)
    if baseline.amount_at(drift.now, day) - expected >= gate and baseline.amounts[day] > expected:
        walk.found[day] = AnomalousDay(day, "leak", expected, min(expected + gate, float(baseline.amounts[day])))


def _tail(residuals: list[float]) -> float:
    """Return one of the largest residuals of the calm days: some series are always restless."""
    return sorted(residuals)[-TAIL_RANK] if len(residuals) >= 5 * TAIL_RANK else 0.0


def _mean_residual(days: list[int], level: float, baseline: Baseline) -> float:
    return sum(float(baseline.adjusted[day]) for day in days) / len(days) - level


def _accept(day: int, residual: float, walk: _Walk, baseline: Baseline) -> None:
    """Count a calm day, and the suspects before it that came to nothing, into what is usual."""
    walk.calm += [float(baseline.adjusted[each]) for each in walk.suspects]
    walk.calm.append(float(baseline.adjusted[day]))
    walk.residuals.append(residual)
    walk.suspects.clear()
    walk.masked.clear()
    del walk.calm[:-SLOW_LEVEL_DAYS], walk.residuals[:-TAIL_DAYS]


def _rebase(walk: _Walk, baseline: Baseline) -> None:
    """Take what has persisted for what is usual."""
    walk.calm = [float(baseline.adjusted[each]) for each in walk.masked]
    walk.masked.clear()
