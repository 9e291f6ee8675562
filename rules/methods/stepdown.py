"""Step-down: shared teams' whole cost goes on to those that use them, mutual service solved as one linear system.

With P the shared teams and w the weights, the final share of consumer c in provider p's cost is
r[p][c] = w[p][c] + sum over providers q of w[p][q] * r[q][c]: the reciprocal method of cost accounting, here in exact
fractions and for all consumers at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

Flows = Mapping[str, Mapping[str, Fraction]]
"""By provider, then by consumer: weights, not necessarily summing to 1. A team's use of itself is dropped."""


@dataclass(frozen=True)
class Solved:
    """Final shares by provider, each summing to 1; `stuck` are providers whose cost has no way out."""

    shares: Flows
    stuck: tuple[str, ...]


def solve(flows: Flows) -> Solved:
    """Return where the cost of each provider ends; providers without consumers keep theirs and are stuck."""
    without_self = {provider: _proportions(provider, used) for provider, used in flows.items()}
    stuck = _stuck(without_self)
    moving = sorted(set(without_self) - stuck)
    rows = [_row(provider, moving, without_self[provider]) for provider in moving]
    solved = _eliminate(rows, len(moving))
    return Solved(dict(zip(moving, solved, strict=True)), tuple(sorted(stuck)))


def _proportions(provider: str, used: Mapping[str, Fraction]) -> dict[str, Fraction]:
    others = {consumer: weight for consumer, weight in used.items() if consumer != provider and weight > 0}
    total = sum(others.values(), Fraction(0))
    return {consumer: weight / total for consumer, weight in others.items()}


def _stuck(flows: Flows) -> set[str]:
    """Return the providers from which no consumer outside can be reached."""
    free = {provider for provider, used in flows.items() if set(used) - set(flows)}
    growing = True
    while growing:
        reached = {provider for provider, used in flows.items() if set(used) & free}
        growing = not reached <= free
        free |= reached
    return set(flows) - free


@dataclass(frozen=True)
class _Row:
    """One equation: coefficients of the providers = shares of the final consumers."""

    left: list[Fraction]
    right: dict[str, Fraction]


def _row(provider: str, moving: list[str], used: Mapping[str, Fraction]) -> _Row:
    left = [Fraction(int(other == provider)) - used.get(other, Fraction(0)) for other in moving]
    right = {consumer: share for consumer, share in used.items() if consumer not in moving}
    return _Row(left, right)


def _eliminate(rows: list[_Row], size: int) -> list[dict[str, Fraction]]:
    """Solve by Gauss-Jordan; every provider reaches an outlet, so that the matrix is regular."""
    for column in range(size):
        pivot = next(index for index in range(column, size) if rows[index].left[column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = _scaled(rows[column], 1 / rows[column].left[column])
        for index in range(size):
            factor = rows[index].left[column]
            if index != column and factor:
                rows[index] = _minus(rows[index], _scaled(rows[column], factor))
    return [{consumer: share for consumer, share in row.right.items() if share} for row in rows]


def _scaled(row: _Row, factor: Fraction) -> _Row:
    return _Row([value * factor for value in row.left], {key: value * factor for key, value in row.right.items()})


def _minus(row: _Row, other: _Row) -> _Row:
    right = dict(row.right)
    for key, value in other.right.items():
        right[key] = right.get(key, Fraction(0)) - value
    return _Row([one - two for one, two in zip(row.left, other.left, strict=True)], right)
