"""Integer weights of a split, in the order that makes it the same everywhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

UNITS_PER_ONE = 10**12


@dataclass(frozen=True)
class Part:
    """What one owner bears, and for which cause of idleness ("" for none).

    `quantity` is what was measured, in 1e-12 of the metric's unit (or of money, or of a written weight).
    """

    team: str
    weight: int
    idle_cause: str = ""
    quantity: int = 0


@dataclass(frozen=True)
class Weights:
    """Parts above zero in binary order of owner and cause, reduced by their greatest common divisor.

    `window` is the half-open span of hours (counted from 1970, UTC) that was measured, or None; `fallback` says what
    stood in for missing usage ("" where nothing did), `note` what people should know of them.
    """

    parts: tuple[Part, ...]
    window: tuple[int, int] | None = None
    fallback: str = ""
    note: str = ""

    @property
    def total(self) -> int:
        """The sum of the weights."""
        return sum(part.weight for part in self.parts)


def integer_weights(parts: Iterable[tuple[str, str, Fraction | int]]) -> tuple[Part, ...]:
    """Return the parts of (team, idle cause, weight in 1e-12): equal ones joined, zeros dropped, ordered, reduced.

    Raises ValueError for a negative weight.
    """
    sums: dict[tuple[str, str], Fraction | int] = {}
    for team, cause, weight in parts:
        if weight < 0:
            raise ValueError(f"the weight of {team} is negative: {weight}")
        sums[team, cause] = sums.get((team, cause), 0) + weight
    above_zero = {key: weight for key, weight in sums.items() if weight}
    scale = lcm(*(weight.denominator for weight in above_zero.values()))
    scaled = {key: int(weight * scale) for key, weight in above_zero.items()}
    common = gcd(*scaled.values()) or 1
    ordered = sorted(scaled, key=lambda key: (key[0].encode(), key[1].encode()))
    return tuple(Part(team, scaled[team, cause] // common, cause, round(sums[team, cause])) for team, cause in ordered)


def by_team(weights: Mapping[str, Fraction | int], idle_cause: str = "") -> tuple[Part, ...]:
    """Return the parts of a map from team to weight."""
    return integer_weights((team, idle_cause, weight) for team, weight in weights.items())
