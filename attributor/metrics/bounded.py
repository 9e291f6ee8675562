"""However many teams and sources there are, a scrape has a bounded number of series."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attributor.metrics.figures import Costs
from attributor.money import total
from attributor.reports.variance import VarianceLine
from rules.schema import IDLE, UNATTRIBUTED

OTHER = "other"
"""The label of everything beyond the largest."""

_ALWAYS = (UNATTRIBUTED, IDLE)


def largest_teams(costs: Costs, most: int) -> dict[tuple[str, str], Decimal]:
    """Return the costs of the `most` teams that cost most, of the reserved owners, and of all others as one.

    The sum of each currency stays what it was.
    """
    weights: dict[str, Decimal] = {}
    for (team, _), cost in costs.items():
        weights[team] = max(weights.get(team, cost), cost)
    named = sorted(
        (team for team in weights if team not in _ALWAYS), key=lambda team: (weights[team].copy_negate(), team)
    )
    kept = {*named[:most], *_ALWAYS}
    found = {key: cost for key, cost in costs.items() if key[0] in kept}
    for (team, currency), cost in costs.items():
        if team not in kept:
            found[OTHER, currency] = total((found.get((OTHER, currency), Decimal(0)), cost))
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
