"""However many teams and sources there are, a scrape has a bounded number of series."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from attributor.metrics.figures import Costs, IdleCosts
from attributor.money import total
from attributor.reports.variance import VarianceLine
from rules.schema import IDLE, UNATTRIBUTED

OTHER = "other"
"""The label of everything beyond the largest."""

Key = TypeVar("Key", bound=tuple[str, ...])

_ALWAYS = (UNATTRIBUTED, IDLE)


def largest_teams(costs: Costs, most: int) -> dict[tuple[str, str], Decimal]:
    """Return the costs of the `most` teams that cost most, of the reserved owners, and of all others as one.

    The sum of each currency stays what it was.
    """
    kept = _largest((team, cost) for (team, _), cost in costs.items())[:most]
    return _summed(costs, {*kept, *_ALWAYS})


def largest_idle(costs: IdleCosts, most: int) -> dict[tuple[str, str, str], Decimal]:
    """Return the idle costs likewise, all others as one for each cause."""
    kept = _largest((team, cost) for (team, _, _), cost in costs.items())[:most]
    return _summed(costs, {*kept, *_ALWAYS})


def _largest(costs: Iterable[tuple[str, Decimal]]) -> list[str]:
    """Return the teams by the most that each costs in one piece, without the reserved owners."""
    weights: dict[str, Decimal] = {}
    for team, cost in costs:
        weights[team] = max(weights.get(team, cost), cost)
    named = (team for team in weights if team not in _ALWAYS)
    return sorted(named, key=lambda team: (weights[team].copy_negate(), team))


def _summed(costs: Mapping[Key, Decimal], kept: Collection[str]) -> dict[Key, Decimal]:
    """Return the costs of these teams, and the others' under the team `other`."""
    found = {key: cost for key, cost in costs.items() if key[0] in kept}
    for key, cost in costs.items():
        if key[0] not in kept:
            other: Any = (OTHER, *key[1:])
            found[other] = total((found.get(other, Decimal(0)), cost))
    return found


def largest_variances(lines: Sequence[VarianceLine], most: int) -> list[VarianceLine]:
    """Return the `most` lines that differ most, and of each currency all others as one."""
    by_size = sorted(lines, key=lambda line: (line.difference.copy_abs().copy_negate(), line.values, line.currency))
    others: dict[str, list[VarianceLine]] = {}
    for line in by_size[most:]:
        others.setdefault(line.currency, []).append(line)
    summed = (
        VarianceLine((OTHER, OTHER), currency, total(line.estimated for line in of), total(line.billed for line in of))
        for currency, of in sorted(others.items())
    )
    return [*by_size[:most], *summed]


def largest(values: Mapping[str, Decimal], most: int) -> dict[str, Decimal]:
    """Return the largest values, by name where equal, and leave the others out."""
    return dict(sorted(values.items(), key=lambda item: (item[1].copy_negate(), item[0]))[:most])
