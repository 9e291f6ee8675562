"""What drives an excess: the fewest values of the fewest dimensions that explain most of it, found by itself.

After Adtributor (Bhagwan et al., "Adtributor: Revenue Debugging in Advertising Systems", NSDI 2014): values explain a
share of the excess (their explanatory power), few are better than many (succinctness), and of dimensions that do as
well the one is chosen whose shares of the cost changed most (surprise, a Jensen-Shannon divergence). Other than there,
dimensions are joined: within what one dimension names, the next one is looked for.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

ENOUGH = Fraction(2, 3)
"""What named values must explain of the excess."""
_LEAST = Fraction(1, 10)
"""What each of several values must explain by itself."""
_KEPT = Fraction(9, 10)
"""What a further dimension must keep of what those before it explain."""
_MOST_VALUES, _MOST_DIMENSIONS = 3, 3
OTHER = "(other)"
"""Values that are not told apart are called so, and never named."""


@dataclass(frozen=True)
class CostPart:
    """What agrees in every dimension: what it cost, and what it usually costs in as much time, in one currency.

    `values` are by dimension; a dimension that it says nothing of is absent.
    """

    values: Mapping[str, str]
    cost: Fraction
    usual: Fraction

    @property
    def excess(self) -> Fraction:
        """What it cost above what it usually does; negative where it cost less."""
        return self.cost - self.usual


@dataclass(frozen=True)
class Named:
    """A dimension and the values of it that were found, the largest first."""

    dimension: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Drivers:
    """What explains `share` of the excess, which is more than 1 where the rest cost less than usual.

    `named` is in the order of the dimensions, and empty where no few values explain enough. `grouped` are the parts,
    added up by what is named, otherwise by what comes nearest to it: the largest excess first.
    """

    named: tuple[Named, ...]
    share: Fraction
    grouped: tuple[CostPart, ...]


@dataclass(frozen=True)
class _Candidate:
    named: Named
    share: Fraction
    surprise: float

    @property
    def rank(self) -> tuple[int, float, Fraction]:
        """Small is good: few values, then a great surprise, then much of the excess."""
        return len(self.named.values), -self.surprise, -self.share


def drivers_of(parts: Sequence[CostPart], dimensions: Sequence[str]) -> Drivers | None:
    """Return what drives the excess of the parts together; None where they have none.

    `dimensions` are those to look at, of equal ones the first is taken. A dimension in which all parts agree says
    nothing of why, and is named only where no other says anything.
    """
    excess = sum((part.excess for part in parts), Fraction(0))
    if excess <= 0:
        return None
    telling = [name for name in dimensions if len({part.values.get(name, "") for part in parts}) > 1]
    chosen = _chosen(parts, telling, excess) or ([] if telling else _chosen(parts, dimensions, excess))
    by = [each.named.dimension for each in chosen] or _nearest(parts, telling, excess)
    return Drivers(
        named=tuple(sorted((each.named for each in chosen), key=lambda named: dimensions.index(named.dimension))),
        share=chosen[-1].share if chosen else Fraction(0),
        grouped=_grouped(parts, sorted(by, key=dimensions.index)),
    )


def _chosen(parts: Sequence[CostPart], dimensions: Sequence[str], excess: Fraction) -> list[_Candidate]:
    """Return one dimension after the other, each within what those before it name."""
    chosen: list[_Candidate] = []
    left, within, least = list(dimensions), list(parts), ENOUGH
    while left and len(chosen) < _MOST_DIMENSIONS:
        found = [each for name in left if (each := _candidate(within, name, excess, least)) is not None]
        if not found:
            break
        best = min(found, key=lambda each: each.rank)
        chosen.append(best)
        left.remove(best.named.dimension)
        within = [part for part in within if part.values.get(best.named.dimension) in best.named.values]
        least = max(ENOUGH, _KEPT * min(best.share, Fraction(1)))
    return chosen


def _candidate(parts: Sequence[CostPart], dimension: str, excess: Fraction, least: Fraction) -> _Candidate | None:
    """Return the fewest values of a dimension that explain `least` of the excess; None where too many would have to."""
    values = [part for part in _grouped(parts, [dimension]) if part.values.get(dimension, OTHER) != OTHER]
    taken: list[CostPart] = []
    for value in values[:_MOST_VALUES]:
        if value.excess < _LEAST * excess:
            break
        taken.append(value)
        share = sum((each.excess for each in taken), Fraction(0)) / excess
        if share >= least:
            named = Named(dimension, tuple(each.values[dimension] for each in taken))
            return _Candidate(named, share, _surprise(taken, parts))
    return None


def _surprise(taken: Iterable[CostPart], parts: Sequence[CostPart]) -> float:
    """Return how far the values' shares of the cost are from their usual shares."""
    cost, usual = (sum((getattr(part, of) for part in parts), Fraction(0)) for of in ("cost", "usual"))
    found = 0.0
    for each in taken:
        now = max(float(each.cost / cost), 0.0) if cost > 0 else 0.0
        then = max(float(each.usual / usual), 0.0) if usual > 0 else 0.0
        for share in (now, then):
            found += 0.5 * share * math.log(2 * share / (now + then)) if share else 0.0
    return found


def _nearest(parts: Sequence[CostPart], dimensions: Iterable[str], excess: Fraction) -> list[str]:
    """Return the dimension of which the largest value explains most; none where no dimension tells anything apart."""
    largest = {
        name: max(
            (part.excess / excess for part in _grouped(parts, [name]) if part.values.get(name, OTHER) != OTHER),
            default=Fraction(0),
        )
        for name in dimensions
    }
    best = max(largest, key=largest.__getitem__, default=None)
    return [] if best is None or largest[best] <= 0 else [best]


def _grouped(parts: Iterable[CostPart], dimensions: Sequence[str]) -> tuple[CostPart, ...]:
    """Add up the parts that agree in the dimensions, the largest excess first."""
    sums: dict[tuple[str, ...], tuple[Fraction, Fraction]] = {}
    for part in parts:
        key = tuple(part.values.get(name, "") for name in dimensions)
        cost, usual = sums.get(key, (Fraction(0), Fraction(0)))
        sums[key] = cost + part.cost, usual + part.usual
    made = (CostPart(dict(_said(dimensions, key)), *money) for key, money in sums.items())
    return tuple(sorted(made, key=lambda part: (-part.excess, list(part.values.items()))))


def _said(dimensions: Sequence[str], values: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in zip(dimensions, values, strict=True) if value)
