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
    LEAST_SPREAD,
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
SHIFT_MEAN = 2.6
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


@dataclass(frozen=True)
class Subject:
    """What is judged: a series' baseline, which of its days are complete, its calendar, the least excess in money."""

    baseline: Baseline
    complete: list[bool]
    calendar: Calendar
    gate: float


@dataclass(frozen=True)
class _High:
    """A day above the usual: by how much on the log scale, against which spread, and both ends in money."""

    day: int
    excess: float
    spread: float
    expected: float
    band: float


@dataclass
class _Walk:
    """What is known on the way: the calm days' levels and residuals, and days whose judgement is open."""

    calm: list[float]
    residuals: list[float]
    suspects: list[_High] = field(default_factory=list)
    masked: list[int] = field(default_factory=list)
    found: dict[int, AnomalousDay] = field(default_factory=dict)

    def level(self) -> float:
        """Return the level: after a drop the slow one, so that coming back from a holiday is no shift."""
        return max(median(self.calm[-LEVEL_DAYS:]), median(self.calm))


def scan(subject: Subject) -> list[AnomalousDay]:
    """Return the anomalous days among the last SCANNED_DAYS, the oldest first; none where the history is too short."""
    baseline = subject.baseline
    size = baseline.amounts.size
    start = max(size - SCANNED_DAYS, LEAST_HISTORY)
    if start >= size:
        return []
    walk = _Walk(_known(baseline.adjusted[:start], SLOW_LEVEL_DAYS), _known(baseline.residuals[:start], TAIL_DAYS))
    if len(walk.calm) < LEAST_HISTORY // 2:
        return []
    drifting = drifts(baseline, start)
    for day in range(start, size):
        if np.isnan(baseline.adjusted[day]):
            continue
        _judge(day, walk, subject)
        if day in drifting and day not in walk.found and subject.complete[day]:
            _judge_drift(day, drifting[day], walk, subject)
    return [walk.found[day] for day in sorted(walk.found)]


def _known(values: Floats, most: int) -> list[float]:
    known: list[float] = values[~np.isnan(values)][-most:].tolist()
    return known


def _judge(day: int, walk: _Walk, subject: Subject) -> None:
    level = walk.level()
    excess = float(subject.baseline.adjusted[day]) - level
    high = _high(day, level, excess, walk, subject)
    if high is None:
        if subject.complete[day]:
            _accept(day, excess, walk, subject.baseline)
        return
    if subject.calendar.recurs(day, excess):
        return
    far = excess >= max(SPIKE_SIGMAS * high.spread, TAIL_MARGIN * _tail(walk.residuals))
    if not far and not subject.complete[day]:
        return
    walk.suspects.append(high)
    if far or walk.masked or _is_shift(walk.suspects):
        _flag(walk, subject.baseline)


def _high(day: int, level: float, excess: float, walk: _Walk, subject: Subject) -> _High | None:
    """Return how a day lies above the usual; None where it does not, or by too little money to tell."""
    if excess < SHIFT_SIGMAS * LEAST_SPREAD:
        return None
    baseline = subject.baseline
    spread = spread_of(walk.residuals[-SPREAD_DAYS:])
    amount, expected = float(baseline.amounts[day]), max(baseline.amount_at(level, day), 0.0)
    material = amount - expected >= subject.gate and amount >= LEAST_RATIO * expected
    if excess < SHIFT_SIGMAS * spread or not material:
        return None
    band = max(baseline.amount_at(level + SPIKE_SIGMAS * spread, day), expected + subject.gate)
    return _High(day, excess, spread, expected, min(band, amount))


def _is_shift(suspects: list[_High]) -> bool:
    """Say whether days in a row are together what none of them is alone."""
    mean = sum(high.excess for high in suspects) / len(suspects)
    return len(suspects) >= SHIFT_DAYS and mean >= SHIFT_MEAN * suspects[-1].spread


def _flag(walk: _Walk, baseline: Baseline) -> None:
    """Note the suspects as anomalous, out of the level; what has persisted for long is the new level."""
    alone = len(walk.suspects) == 1 and not walk.masked
    for high in walk.suspects:
        walk.found[high.day] = AnomalousDay(high.day, "spike" if alone else "shift", high.expected, high.band)
    walk.masked += [high.day for high in walk.suspects]
    walk.suspects.clear()
    if len(walk.masked) >= PERSISTS_AFTER:
        walk.calm = [float(baseline.adjusted[day]) for day in walk.masked]
        walk.masked.clear()


def _accept(day: int, residual: float, walk: _Walk, baseline: Baseline) -> None:
    """Count a calm day, and the suspects before it that came to nothing, into what is usual."""
    walk.calm += [float(baseline.adjusted[high.day]) for high in walk.suspects]
    walk.calm.append(float(baseline.adjusted[day]))
    walk.residuals.append(residual)
    walk.suspects.clear()
    walk.masked.clear()
    del walk.calm[:-SLOW_LEVEL_DAYS], walk.residuals[:-TAIL_DAYS]


def _judge_drift(day: int, drift: Drift, walk: _Walk, subject: Subject) -> None:
    baseline, gate = subject.baseline, subject.gate
    expected = max(baseline.amount_at(drift.trend, day), 0.0)
    amount = float(baseline.amounts[day])
    if baseline.amount_at(drift.now, day) - expected >= gate and amount > expected:
        walk.found[day] = AnomalousDay(day, "leak", expected, min(expected + gate, amount))


def _tail(residuals: list[float]) -> float:
    """Return one of the largest residuals of the calm days: some series are always restless."""
    return sorted(residuals)[-TAIL_RANK] if len(residuals) >= 5 * TAIL_RANK else 0.0
