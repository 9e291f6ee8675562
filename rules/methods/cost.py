"""In proportion to cost: split by what phase 1 gave each owner, in a day, in a month, or where columns agree."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rules.hours import bucket_of
from rules.keys import SplitKey
from rules.methods.proportional import fixed_weights
from rules.outcomes import CostSplit, FixedSplit, Follow, Per
from rules.schema import UNATTRIBUTED
from rules.weights import Part, Weights, by_team

_NOBODY = "unattributed:zero"
_Place = tuple[object, ...]
_Index = Mapping[_Place, Mapping[str, int]]


@dataclass(frozen=True)
class OwnerCost:
    """What phase 1 gave an owner on a day, in 1e-12 units of effective cost, by the values of followed columns.

    `charges` is of how many charges, None where they were not counted.
    """

    day: date
    currency: str
    team: str
    followed: Mapping[str, str | None]
    effective: int
    charges: int | None = None


def weigh_by_cost(split: CostSplit, keys: Sequence[SplitKey], costs: Iterable[OwnerCost]) -> dict[int, Weights]:
    """Return the weights of each day or month; an owner whose net cost there is 0 or less has none."""
    index = _index(costs, split.per, ())
    found = {key.number: _shared_by(split, index.get(_place(key, split.per, ()), {}), key.day) for key in keys}
    return {number: weights for number, weights in found.items() if weights is not None}


def weigh_consumers(
    split: CostSplit, at: tuple[date, str], costs: Iterable[OwnerCost], left_out: Collection[str]
) -> Weights | None:
    """Return the weights of a shared team's consumers on a day, in a currency; None where the team keeps its cost.

    `left_out` are owners that are no consumers, whatever they cost.
    """
    day, currency = at
    sums = _index(costs, split.per, ()).get((currency, bucket_of(day, split.per)), {})
    consumers = {team: units for team, units in sums.items() if team not in left_out}
    return _shared_by(split, consumers, day)


def weigh_followed(follow: Follow, keys: Sequence[SplitKey], costs: Sequence[OwnerCost]) -> dict[int, Weights]:
    """Return the weights of the charges of the month that agree in the most columns, dropping the last one first.

    A column that the charge does not have agrees with nothing.
    """
    levels = [follow.columns[:count] for count in range(len(follow.columns), 0, -1)]
    indexes = [(columns, _index(costs, "month", columns)) for columns in levels]
    return {key.number: _followed(key, indexes) for key in keys}


def costs_behind(outcome: CostSplit | Follow, key: SplitKey, costs: Iterable[OwnerCost]) -> tuple[OwnerCost, ...]:
    """Return the costs that the weights of a split were made of; none where something else stood in for them."""
    if isinstance(outcome, CostSplit):
        found = costs_in(costs, (key.day, key.currency), outcome.per)
        return tuple(cost for cost in found if not outcome.among or cost.team in outcome.among)
    of_month = costs_in(costs, (key.day, key.currency), "month")
    for columns in (outcome.columns[:count] for count in range(len(outcome.columns), 0, -1)):
        agreeing = tuple(one for one in of_month if all(one.followed[c] == key.followed[c] for c in columns))
        if all(key.followed[c] is not None for c in columns) and sum(one.effective for one in agreeing) > 0:
            return agreeing
    return ()


def costs_in(costs: Iterable[OwnerCost], at: tuple[date, str], per: Per) -> tuple[OwnerCost, ...]:
    """Return the costs of the bucket of a day, in a currency."""
    day, currency = at
    bucket = bucket_of(day, per)
    return tuple(cost for cost in costs if cost.currency == currency and bucket_of(cost.day, per) == bucket)


def _shared_by(split: CostSplit, sums: Mapping[str, int], day: date) -> Weights | None:
    window = bucket_of(day, split.per)
    taking_part = {team: units for team, units in sums.items() if not split.among or team in split.among}
    if any(units > 0 for units in taking_part.values()):
        return Weights(_parts(taking_part), window)
    if isinstance(split.without_usage, FixedSplit):
        stand_in = fixed_weights(split.without_usage, day)
        return replace(stand_in, window=window, fallback=f"{split.without_usage.method}:zero")
    if split.without_usage == "keep":
        return None
    return Weights((Part(UNATTRIBUTED, 1),), window, _NOBODY)


def _followed(key: SplitKey, indexes: Sequence[tuple[tuple[str, ...], _Index]]) -> Weights:
    window = bucket_of(key.day, "month")
    for columns, index in indexes:
        sums = index.get(_place(key, "month", columns), {})
        if all(key.followed[column] is not None for column in columns) and sum(sums.values()) > 0:
            return Weights(_parts(sums), window)
    return Weights((Part(UNATTRIBUTED, 1),), window, _NOBODY)


def _index(costs: Iterable[OwnerCost], per: Per, columns: tuple[str, ...]) -> _Index:
    """Add up by place; the bucket of a day, of which there are few, is worked out once."""
    index: dict[_Place, dict[str, int]] = {}
    buckets: dict[date, tuple[int, int]] = {}
    for cost in costs:
        bucket = buckets.get(cost.day) or buckets.setdefault(cost.day, bucket_of(cost.day, per))
        place = (cost.currency, bucket, *(cost.followed[column] for column in columns))
        sums = index.setdefault(place, {})
        sums[cost.team] = sums.get(cost.team, 0) + cost.effective
    return index


def _place(key: SplitKey, per: Per, columns: tuple[str, ...]) -> _Place:
    return key.currency, bucket_of(key.day, per), *(key.followed[column] for column in columns)


def _parts(sums: Mapping[str, int]) -> tuple[Part, ...]:
    return by_team({team: units for team, units in sums.items() if units > 0})
