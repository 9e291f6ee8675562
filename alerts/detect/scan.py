"""Walk through the last points of a series and judge each against what was usual before it.

A point far above the level, or above what the point before it lets expect, is a spike. Points that together lie above
the level longer than chance allows are a shift (a one-sided CUSUM, Page 1954). Points judged anomalous stay out of the
level until they have persisted; then they are the new normal. The newest points may be incomplete: they are lower
bounds, proof when far above the level and nothing otherwise.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from alerts.detect.anomalous import AnomalousDay
from alerts.detect.baseline import MEDIAN_TO_SIGMA, Baseline, spread_of, spread_of_sizes
from alerts.detect.medians import Floats, Newest
from alerts.detect.rhythm import Rhythm

Known = Callable[[int, float], bool]
"""Whether a log excess on a point is one that the series shows at such times."""

_ALLOWED_SIGMAS = 1.0
_MOST_SIGMAS = 4.0
_TAIL_MARGIN = 1.15
_CORRELATED_FROM = 20
_MOST_CORRELATED = 0.8


@dataclass(frozen=True)
class _High:
    """A point above the level that matters in money: by how much on the log scale, and both ends in money."""

    day: int
    excess: float
    spread: float
    expected: float
    band: float

    @property
    def sigmas(self) -> float:
        """The excess in spreads."""
        return self.excess / self.spread


@dataclass
class _Walk:
    """What is known on the way: the calm points' levels and residuals, and points whose judgement is open."""

    rhythm: Rhythm
    fast: Newest
    slow: Newest
    residuals: list[float]
    sizes: Newest
    suspects: list[_High] = field(default_factory=list)
    sigmas: float = 0.0
    masked: list[int] = field(default_factory=list)
    found: dict[int, AnomalousDay] = field(default_factory=dict)
    last_spread: float | None = None

    def spread(self) -> float:
        """Return the spread of the calm points; worked out once between two of them."""
        if self.last_spread is None:
            self.last_spread = spread_of_sizes(self.sizes, self.rhythm.least_spread)
        return self.last_spread

    def level(self) -> float:
        """Return the level after the calm points: after a drop the slow one, so that what comes back is no shift."""
        return max(self.fast.median, self.slow.median)

    def calm_down(self, value: float, residual: float) -> None:
        """Count a point among the calm ones."""
        self.fast.add(value)
        self.slow.add(value)
        self.residuals.append(residual)
        self.sizes.add(abs(residual))

    def begin_anew(self, calm: list[float]) -> None:
        """Take other calm points for the level."""
        self.fast, self.slow = Newest(self.rhythm.level, calm), Newest(self.rhythm.slow, calm)

    def tail(self, residuals: list[float]) -> float:
        """Return one of the largest residuals of the calm points: some series are always restless."""
        rank = self.rhythm.tail_rank
        return _TAIL_MARGIN * sorted(residuals)[-rank] if len(residuals) >= 5 * rank else 0.0


def scan(baseline: Baseline, start: int, gate: float, known: Known) -> list[AnomalousDay]:
    """Return the anomalous points from `start` on, the oldest first; none where the history is too short.

    A point's excess must reach `gate`, in the series' currency.
    """
    rhythm, size = baseline.rhythm, baseline.amounts.size
    start = max(start, rhythm.least_history)
    if start >= size or np.count_nonzero(~np.isnan(baseline.adjusted[:start])) < rhythm.least_history // 2:
        return []
    begin = _first_high(baseline, start, gate)
    if begin == size:
        return []
    residuals = _calm_residuals(baseline, start, known) + _last(baseline.residuals[start:begin], rhythm.tail)
    calm, residuals = _last(baseline.adjusted[:begin], rhythm.slow), residuals[-rhythm.tail :]
    sizes = Newest(rhythm.spread, map(abs, residuals))
    walk = _Walk(rhythm, Newest(rhythm.level, calm), Newest(rhythm.slow, calm), residuals, sizes)
    for day in range(begin, size):
        if not math.isnan(baseline.adjusted[day]):
            _judge(day, walk, baseline, gate, known)
    return [walk.found[day] for day in sorted(walk.found)]


def _first_high(baseline: Baseline, start: int, gate: float) -> int:
    """Return the first point that may be high, where the walk begins, for all before it are calm; the size for none."""
    levels = baseline.levels(start)
    settled = max(baseline.settled - start, 0)
    levels[settled + 1 :] = levels[settled : settled + 1]  # what may be incomplete says nothing of the level
    adjusted, amounts = baseline.adjusted[start:], baseline.amounts[start:]
    expected = np.maximum(np.exp(levels + baseline.profile[start:]) - baseline.offset, 0.0)
    high = amounts >= np.maximum(expected + gate, baseline.rhythm.least_ratio * expected)
    found = np.flatnonzero(high & (adjusted - levels >= _ALLOWED_SIGMAS * baseline.rhythm.least_spread))
    if not found.size:
        return baseline.amounts.size
    return min(start + int(found[0]), max(baseline.settled, start))


def _last(values: Floats, most: int) -> list[float]:
    known: list[float] = values[~np.isnan(values)][-most:].tolist()
    return known


def _calm_residuals(baseline: Baseline, start: int, known: Known) -> list[float]:
    """Return the last residuals before `start`, without the high ones that the series shows at such times."""
    rhythm = baseline.rhythm
    points = np.flatnonzero(~np.isnan(baseline.residuals[:start]))[-rhythm.tail :]
    residuals: list[float] = baseline.residuals[points].tolist()
    high = rhythm.after * spread_of(residuals[-rhythm.spread :], rhythm.least_spread)
    pairs = zip(points.tolist(), residuals, strict=True)
    return [residual for point, residual in pairs if residual < high or not known(point, residual)]


def _judge(day: int, walk: _Walk, baseline: Baseline, gate: float, known: Known) -> None:
    level = walk.level()
    high = _high(day, level, walk, baseline, gate)
    if high is None:
        if day < baseline.settled:
            _accept(day, level, walk, baseline)
        return
    again = high.sigmas >= walk.rhythm.after
    if again and known(day, high.excess):
        return
    if _is_spike(high, level, walk, baseline):
        _flag([*walk.suspects, high], walk, baseline)
    elif day >= baseline.settled:
        return
    elif walk.masked and again:
        _flag([*walk.suspects, high], walk, baseline)
    else:
        _suspect(high, walk, baseline)


def _high(day: int, level: float, walk: _Walk, baseline: Baseline, gate: float) -> _High | None:
    """Return how a point lies above the usual; None where it does not, or by too little money to tell."""
    rhythm = walk.rhythm
    excess = float(baseline.adjusted[day]) - level
    if excess < _ALLOWED_SIGMAS * rhythm.least_spread:
        return None
    spread = walk.spread()
    amount, expected = float(baseline.amounts[day]), baseline.amount_at(level, day)
    if excess < _ALLOWED_SIGMAS * spread or amount < max(expected + gate, rhythm.least_ratio * expected):
        return None
    band = max(baseline.amount_at(level + rhythm.spike * spread, day), expected + gate)
    return _High(day, excess, spread, expected, min(band, amount))


def _is_spike(high: _High, level: float, walk: _Walk, baseline: Baseline) -> bool:
    if high.sigmas >= walk.rhythm.spike and high.excess >= walk.tail(walk.residuals):
        return True
    return walk.rhythm.surprise > 0 and high.sigmas >= walk.rhythm.after and _surprises(high, level, walk, baseline)


def _surprises(high: _High, level: float, walk: _Walk, baseline: Baseline) -> bool:
    """Say whether a point is far above what the one before it lets expect (the innovation of an AR(1) process)."""
    if len(walk.residuals) < 2 * _CORRELATED_FROM:
        return False
    correlation = _correlation(walk)
    residuals = np.array(walk.residuals)
    usual = residuals[1:] - correlation * residuals[:-1]
    spread = max(MEDIAN_TO_SIGMA * float(np.median(np.abs(usual))), walk.rhythm.least_spread)
    before = max(float(np.nan_to_num(baseline.adjusted[high.day - 1] - level)), 0.0)
    surprise = high.excess - correlation * before
    return surprise >= walk.rhythm.surprise * spread and surprise >= walk.tail(usual.tolist())


def _suspect(high: _High, walk: _Walk, baseline: Baseline) -> None:
    """Add a point to those that may be a shift; tell them where together they are what none of them is alone."""
    walk.sigmas += min(high.sigmas, _MOST_SIGMAS) - _ALLOWED_SIGMAS
    walk.suspects.append(high)
    enough = walk.sigmas >= walk.rhythm.sum_of and len(walk.suspects) > 1 and high.day >= walk.rhythm.shifts_from
    if enough and walk.sigmas >= walk.rhythm.sum_of * _lingering(walk):
        _flag(walk.suspects, walk, baseline)


def _lingering(walk: _Walk) -> float:
    """Return how much wider sums of the residuals range than those of independent ones: sqrt((1+r)/(1-r)).

    r is their correlation from point to point (Bartlett's variance of the mean of an AR(1) process).
    """
    correlation = _correlation(walk)
    return math.sqrt((1 + correlation) / (1 - correlation))


def _correlation(walk: _Walk) -> float:
    """Return the correlation of each residual with the next, of residuals cut at 3 spreads; 0 where few are known."""
    if len(walk.residuals) < _CORRELATED_FROM:
        return 0.0
    limit = 3 * walk.spread()
    values = np.clip(walk.residuals, -limit, limit)
    square = float(np.dot(values, values))
    return min(max(float(np.dot(values[1:], values[:-1])) / square, 0.0), _MOST_CORRELATED) if square else 0.0


def _flag(highs: list[_High], walk: _Walk, baseline: Baseline) -> None:
    """Note points as anomalous, out of the level; what has persisted for long is the new level."""
    alone = len(highs) == 1 and not walk.masked
    for high in highs:
        walk.found[high.day] = AnomalousDay(high.day, "spike" if alone else "shift", high.expected, high.band)
    walk.masked += [high.day for high in highs]
    walk.suspects, walk.sigmas = [], 0.0
    if len(walk.masked) >= walk.rhythm.persists:
        walk.begin_anew([float(baseline.adjusted[day]) for day in walk.masked])
        walk.masked.clear()


def _accept(day: int, level: float, walk: _Walk, baseline: Baseline) -> None:
    """Count a calm point into what is usual, and the suspects before it where they came to nothing."""
    adjusted = float(baseline.adjusted[day])
    if walk.suspects:
        walk.sigmas += max((adjusted - level) / walk.spread(), -3.0) - _ALLOWED_SIGMAS
        if walk.sigmas <= 0 or len(walk.suspects) > walk.rhythm.suspected:
            for value in [float(baseline.adjusted[high.day]) for high in walk.suspects]:
                walk.calm_down(value, value - level)
            walk.suspects, walk.sigmas = [], 0.0
    if not walk.suspects:
        walk.masked.clear()
    walk.calm_down(adjusted, adjusted - level)
    walk.last_spread = None
    del walk.residuals[: -walk.rhythm.tail]
