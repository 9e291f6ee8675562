"""Where a team could save: only what the ledger knows the money of, and where to see it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from attributor.money import total
from attributor.reports.consumption import ModelLine
from attributor.reports.lines import ratio
from attributor.reports.team_lines import IdleLine

_READ_ENOUGH = Decimal(1_000_000)
_LITTLE_CACHED = Decimal("0.2")

OpportunityKind = Literal["idle_gpus", "idle_capacity", "unused_commitment", "little_cached"]
_KINDS: dict[str, OpportunityKind] = {
    "held": "idle_gpus",
    "low": "idle_gpus",
    "unused_commitment": "unused_commitment",
}


@dataclass(frozen=True)
class Opportunity:
    """Something to look at, the most money first.

    idle_gpus: GPUs held that did not compute, or little. idle_capacity: what nobody held, or is left of a pool.
    unused_commitment: what was committed to and not used. little_cached: a model that reads less than a fifth of its
    tokens from a cache, of a million read at least; `share` is how much it does.
    `what` is the service or the model. `amount` was spent for nothing where `is_wasted`, otherwise it is what the whole
    costs of which a part could be saved.
    """

    kind: OpportunityKind
    what: str
    amount: Decimal
    is_wasted: bool
    share: Decimal | None = None


def opportunities(idle: Iterable[IdleLine], models: Iterable[ModelLine]) -> tuple[Opportunity, ...]:
    """Return what a team could look at, by what it costs."""
    found = (*_idle(idle), *_little_cached(models))
    return tuple(sorted(found, key=lambda each: (each.amount.copy_negate(), each.kind, each.what)))


def _idle(lines: Iterable[IdleLine]) -> Iterator[Opportunity]:
    sums: dict[tuple[OpportunityKind, str], list[Decimal]] = {}
    for line in lines:
        sums.setdefault((_KINDS.get(line.cause, "idle_capacity"), line.service), []).append(line.cost)
    for (kind, service), costs in sums.items():
        if total(costs) > 0:
            yield Opportunity(kind, service, total(costs), is_wasted=True)


def _little_cached(models: Iterable[ModelLine]) -> Iterator[Opportunity]:
    for line in models:
        read = [each for each in (line.input_tokens, line.cached_input_tokens) if each is not None]
        share = ratio(line.cached_input_tokens or Decimal(0), total(read))
        if line.cost > 0 and total(read) >= _READ_ENOUGH and share is not None and share < _LITTLE_CACHED:
            yield Opportunity("little_cached", line.model, line.cost, is_wasted=False, share=share)
