"""Which days' costs, and of how many charges, the weights of a split by cost were made of."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Context, Decimal

from rules.attribute import Worked
from rules.explanation import CostDay, WeighedBy
from rules.keys import SplitKey
from rules.methods.cost import OwnerCost, costs_behind, costs_in
from rules.outcomes import CostSplit, Follow
from rules.ruleset import RuleSet
from rules.sharing import Step
from rules.weights import Weights

_EXACT = Context(prec=60)


def costs_behind_splits(
    worked: Worked, ruleset: RuleSet, keys: Iterable[SplitKey], owners: Collection[str]
) -> Mapping[int, tuple[WeighedBy, ...]]:
    """Return by split what those of the owners that have a weight cost, day by day; nothing of splits by else."""
    found: dict[int, tuple[WeighedBy, ...]] = {}
    for key in keys:
        outcome = ruleset.rules[key.rule].outcome
        if isinstance(outcome, CostSplit | Follow):
            costs = costs_behind(outcome, key, worked.phased.costs)
            found[key.number] = _weighed_by(costs, worked.phased.weights[key.number], owners)
    return found


def costs_behind_step(worked: Worked, split: CostSplit, step: Step, owners: Collection[str]) -> tuple[WeighedBy, ...]:
    """Return what those of the owners that bear a part of a shared team's cost cost themselves, day by day."""
    costs = costs_in(worked.phased.costs, (step.day, step.currency), split.per)
    return () if step.used is None else _weighed_by(costs, step.used, owners)


def _weighed_by(costs: Collection[OwnerCost], weights: Weights, owners: Collection[str]) -> tuple[WeighedBy, ...]:
    if weights.fallback:
        return ()
    there = [part.team for part in weights.parts if part.team in owners]
    return tuple(_of_owner(team, [cost for cost in costs if cost.team == team]) for team in there)


def _of_owner(team: str, costs: Collection[OwnerCost]) -> WeighedBy:
    by_day: dict[object, list[OwnerCost]] = {}
    for cost in sorted(costs, key=lambda one: one.day):
        by_day.setdefault(cost.day, []).append(cost)
    days = tuple(
        CostDay(of_day[0].day, _amount(sum(one.effective for one in of_day)), _count(of_day))
        for of_day in by_day.values()
    )
    return WeighedBy(team, _amount(sum(cost.effective for cost in costs)), days)


def _count(costs: Collection[OwnerCost]) -> int | None:
    counts = [cost.charges for cost in costs if cost.charges is not None]
    return sum(counts) if len(counts) == len(costs) else None


def _amount(units: int) -> Decimal:
    return Decimal(units).scaleb(-12, _EXACT)
