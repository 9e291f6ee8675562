"""How long a series' habits last and how far it must leave them: by the day and by the hour."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rhythm:
    """Lengths are in points of the series, spreads on the log scale.

    level, slow: the points whose medians are the level; after a drop the slow one holds. spread, tail, tail_rank: the
    residuals that give the spread, and the one that restless series must exceed. asked: how many points, from the
    newest back, any rule asks for their residuals. shifts_from: before it a busier point may be a weekday not seen yet,
    and only spikes are told. least_spread: no bill is calmer. spike: sigmas of a single point. surprise: sigmas of what
    yesterday does not explain, 0 for no such rule. after: sigmas on the points after an anomalous one. sum_of: the
    evidence that makes a shift. suspected: how many points may wait for it. persists: how many make a new level.
    least_ratio: how far above the expected in any case.
    """

    level: int
    slow: int
    spread: int
    tail: int
    tail_rank: int
    asked: int
    least_history: int
    shifts_from: int
    least_spread: float
    spike: float
    surprise: float
    after: float
    sum_of: float
    suspected: int
    persists: int
    least_ratio: float


DAILY = Rhythm(
    level=9,
    slow=28,
    spread=42,
    tail=90,
    tail_rank=6,
    asked=120,
    least_history=8,
    shifts_from=0,
    least_spread=0.07,
    spike=5.0,
    surprise=0.0,
    after=2.8,
    sum_of=6.0,
    suspected=10,
    persists=14,
    least_ratio=1.25,
)
HOURLY = Rhythm(
    level=24,
    slow=120,
    spread=168,
    tail=240,
    tail_rank=4,
    asked=290,
    least_history=48,
    shifts_from=168,
    least_spread=0.1,
    spike=6.0,
    surprise=6.5,
    after=2.8,
    sum_of=8.0,
    suspected=24,
    persists=24,
    least_ratio=1.3,
)
