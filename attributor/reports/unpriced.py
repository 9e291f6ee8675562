"""Usage of unknown cost: what was used, by whom, and why no price is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from attributor.ledger.unpriced import UnpricedUsage, unpriced_between
from attributor.money import total
from attributor.periods import Period

_Key = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class UnpricedLine:
    """What a team used of a model in a UTC month, in units of the metric; `source` is where the usage is from."""

    provider: str
    model: str
    metric: str
    team: str
    source: str
    reason: str
    quantity: Decimal
    cost: None = None
    """Unknown, and not 0."""


def unpriced_lines(connection: Connection, period: Period) -> tuple[UnpricedLine, ...]:
    """Return the usage of unknown cost of the period's days whose bill is not complete; the most first."""
    found: dict[_Key, list[Decimal]] = {}
    for each in unpriced_between(connection, period.first, period.end):
        found.setdefault(_key(each), []).append(each.quantity)
    lines = (UnpricedLine(*key, total(quantities)) for key, quantities in found.items())
    return tuple(sorted(lines, key=lambda line: (line.quantity.copy_negate(), line.model, line.metric, line.team)))


def tokens_by_source(lines: Iterable[UnpricedLine]) -> dict[str, Decimal]:
    """Return how many tokens have an unknown cost, by the source of the usage."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        if line.metric.startswith("tokens."):
            sums[line.source] = total((sums.get(line.source, Decimal(0)), line.quantity))
    return sums


def _key(each: UnpricedUsage) -> _Key:
    return each.provider, each.model, each.metric, each.team, each.usage_source, each.reason
