"""Walk through the last weeks of a series day by day and judge each against what was usual before it.

A day far above the level is a spike. Days that together lie above it longer than chance allows are a shift (a one-sided
CUSUM, Page 1954). Days judged anomalous stay out of the level until they have persisted for two weeks; then they are
the new normal. Weekly medians that leave the trend of the weeks before are a leak. The newest days may be incomplete:
they are lower bounds, proof when far above the level and nothing otherwise.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from alerts.detect.anomalous import AnomalousDay
from alerts.detect.baseline import (
    LEAST_SPREAD,
    SLOW_LEVEL_DAYS,
    SPREAD_DAYS,
    Baseline,
    Floats,
    level_of,
    spread_of,
)
from alerts.detect.drift import Drift, drifts
from alerts.detect.recurrence import recurs

LEAST_HISTORY = 8
SPIKE_SIGMAS = 5.0
AFTER_SIGMAS = 2.8
"""Enough on the days after an anomalous one, and what the calendar is asked about."""
_ALLOWED_SIGMAS = 1.0
_MOST_SIGMAS = 4.0
_SUM_OF_SIGMAS = 6.0
_SUSPECTED_DAYS = 10
_TAIL_MARGIN = 1.15
_TAIL_DAYS = 90
_TAIL_RANK = 6
PERSISTS_AFTER = 14
LEAST_RATIO = 1.25
_CORRELATED_FROM = 20
_MOST_CORRELATED = 0.75


@dataclass(frozen=True)
class _High:
    """A day above the level that matters in money: by how many sigmas, and both ends in money."""

    day: int
    sigmas: float
    expected: float
    band: float


@dataclass
class _Walk:
    """What is known on the way: the calm days' levels and residuals, and days whose judgement is open."""

    calm: list[float]
    residuals: list[float]
    suspects: list[_High] = field(default_factory=list)
    sigmas: float = 0.0
    masked: list[int] = field(default_factory=list)
    found: dict[int, AnomalousDay] = field(default_factory=dict)

    def spread(self) -> float:
        """Return the spread of the calm days."""
        return spread_of(self.residuals[-SPREAD_DAYS:])


def scan(baseline: Baseline, start: int, gate: float) -> list[AnomalousDay]:
    """Return the anomalous days from `start` on, the oldest first; none where the history is too short.

    A day's excess must reach `gate`, in the series' currency.
    """
    size = baseline.amounts.size
    start = max(start, LEAST_HISTORY)
    if start >= size:
        return []
    walk = _Walk(_known(baseline.adjusted[:start], SLOW_LEVEL_DAYS), _known(baseline.residuals[:start], _TAIL_DAYS))
    if len(walk.calm) < LEAST_HISTORY // 2:
        return []
    drifting = drifts(baseline, start)
    for day in range(start, size):
        if np.isnan(baseline.adjusted[day]):
            continue
        _judge(day, walk, baseline, gate)
        if day in drifting and day not in walk.found and day < baseline.settled:
            _judge_drift(day, drifting[day], walk, baseline, gate)
    return [walk.found[day] for day in sorted(walk.found)]


def _known(values: Floats, most: int) -> list[float]:
    known: list[float] = values[~np.isnan(values)][-most:].tolist()
    return known


def _judge(day: int, walk: _Walk, baseline: Baseline, gate: float) -> None:
    level = level_of(walk.calm)
    excess = float(baseline.adjusted[day]) - level
    high = _high(day, level, walk, baseline, gate) if excess >= _ALLOWED_SIGMAS * LEAST_SPREAD else None
    if high is None:
        if day < baseline.settled:
            _accept(day, level, walk, baseline)
        return
    if high.sigmas >= AFTER_SIGMAS and recurs(baseline, day, excess):
        return
    if high.sigmas >= SPIKE_SIGMAS and excess >= _TAIL_MARGIN * _tail(walk.residuals):
        _flag([*walk.suspects, high], walk, baseline)
    elif day >= baseline.settled:
        return
    elif walk.masked and high.sigmas >= AFTER_SIGMAS:
        _flag([*walk.suspects, high], walk, baseline)
    else:
        _suspect(high, walk, baseline)


def _high(day: int, level: float, walk: _Walk, baseline: Baseline, gate: float) -> _High | None:
    """Return how a day lies above the usual; None where it does not, or by too little money to tell."""
    spread = walk.spread()
    sigmas = (float(baseline.adjusted[day]) - level) / spread
    if sigmas < _ALLOWED_SIGMAS:
        return None
    amount, expected = float(baseline.amounts[day]), baseline.amount_at(level, day)
    if amount - expected < gate or amount < LEAST_RATIO * expected:
        return None
    band = max(baseline.amount_at(level + SPIKE_SIGMAS * spread, day), expected + gate)
    return _High(day, sigmas, expected, min(band, amount))


def _suspect(high: _High, walk: _Walk, baseline: Baseline) -> None:
    """Add a day to those that may be a shift; tell them where together they are what none of them is alone."""
    walk.sigmas += min(high.sigmas, _MOST_SIGMAS) - _ALLOWED_SIGMAS
    walk.suspects.append(high)
    enough = walk.sigmas >= _SUM_OF_SIGMAS and len(walk.suspects) > 1
    if enough and walk.sigmas >= _SUM_OF_SIGMAS * _lingering(walk.residuals):
        _flag(walk.suspects, walk, baseline)


def _lingering(residuals: list[float]) -> float:
    """Return how much longer sums of the residuals linger than those of independent ones: sqrt((1+r)/(1-r)).

    r is their correlation from day to day (Bartlett's variance of an AR(1) mean), of residuals within 3 sigmas.
    """
    if len(residuals) < _CORRELATED_FROM:
        return 1.0
    limit = 3 * spread_of(residuals[-SPREAD_DAYS:])
    values = np.clip(residuals, -limit, limit)
    correlation = float(np.dot(values[1:], values[:-1]) / np.dot(values, values)) if values.any() else 0.0
    correlation = min(max(correlation, 0.0), _MOST_CORRELATED)
    return math.sqrt((1 + correlation) / (1 - correlation))


def _flag(highs: list[_High], walk: _Walk, baseline: Baseline) -> None:
    """Note days as anomalous, out of the level; what has persisted for long is the new level."""
    alone = len(highs) == 1 and not walk.masked
    for high in highs:
        walk.found[high.day] = AnomalousDay(high.day, "spike" if alone else "shift", high.expected, high.band)
    walk.masked += [high.day for high in highs]
    walk.suspects, walk.sigmas = [], 0.0
    if len(walk.masked) >= PERSISTS_AFTER:
        walk.calm = [float(baseline.adjusted[day]) for day in walk.masked]
        walk.masked.clear()


def _accept(day: int, level: float, walk: _Walk, baseline: Baseline) -> None:
    """Count a calm day into what is usual, and the suspects before it where they came to nothing."""
    adjusted = float(baseline.adjusted[day])
    if walk.suspects:
        walk.sigmas += max((adjusted - level) / walk.spread(), -3.0) - _ALLOWED_SIGMAS
        if walk.sigmas <= 0 or len(walk.suspects) > _SUSPECTED_DAYS:
            earlier = [float(baseline.adjusted[high.day]) for high in walk.suspects]
            walk.calm += earlier
            walk.residuals += [value - level for value in earlier]
            walk.suspects, walk.sigmas = [], 0.0
    if not walk.suspects:
        walk.masked.clear()
    walk.calm.append(adjusted)
    walk.residuals.append(adjusted - level)
    del walk.calm[:-SLOW_LEVEL_DAYS], walk.residuals[:-_TAIL_DAYS]


def _judge_drift(day: int, drift: Drift, walk: _Walk, baseline: Baseline, gate: float) -> None:
    expected = baseline.amount_at(drift.trend, day)
    amount = float(baseline.amounts[day])
    if baseline.amount_at(drift.now, day) - expected >= gate and amount > expected:
        walk.found[day] = AnomalousDay(day, "leak", expected, min(expected + gate, amount))


def _tail(residuals: list[float]) -> float:
    """Return one of the largest residuals of the calm days: some series are always restless."""
    return sorted(residuals)[-_TAIL_RANK] if len(residuals) >= 5 * _TAIL_RANK else 0.0
