"""What a team's cost of some days is made of, as finely as it is known: exactly what the ledger says of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, select

from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.costs import IS_OWN, amounts, cost_sums
from attributor.watching.driving.asked import Asked, PartCost
from attributor.watching.driving.owned import OwnedCosts, owned_costs
from attributor.watching.hourly import Read
from attributor.watching.spend import NOT_USAGE
from rules.ruleset import RuleSet

DIMENSIONS = ("model", "key", "resource", "feature", "project", "account", "service", "rule")
"""What a cost is told apart by; `rule` is that by which it is shared, absent where the team owns the charge."""

_BILLED = ("resource", "account")
"""What bills say of a cost and estimates do not, or otherwise: it would only tell the one from the other."""
_OF_SUMS = ("model", "project", "account", "service")


@dataclass(frozen=True)
class _Sum:
    """A sum of the ledger; `is_direct` where the team owns the charges whole."""

    day: date
    values: tuple[tuple[str, str], ...]
    cost: Decimal
    is_direct: bool
    basis: str


def part_costs(engine: Engine, read: Read, ruleset: RuleSet, asked: Sequence[Asked]) -> list[tuple[PartCost, ...]]:
    """Return for each question its parts, which sum exactly to the ledger's effective cost on its days.

    Charges that one team owns are read from the lake, by resource and key. Where they do not come to what the ledger
    says of a day (rules changed meanwhile, or a shared team passed its costs on), the ledger's own sums are the parts.
    """
    owned = owned_costs(read, ruleset, asked)
    with engine.connect() as connection:
        return [_parts_of(connection, *pair) for pair in zip(asked, owned, strict=True)]


def _parts_of(connection: Connection, asked: Asked, owned: OwnedCosts) -> tuple[PartCost, ...]:
    sums = _sums(connection, asked)
    if _daily(each for each in sums if each.is_direct) != owned.by_day:
        parts = _added(asked, sums)
    else:
        parts = (*owned.parts, *_added(asked, [each for each in sums if not each.is_direct]))
    is_mixed = len({each.basis for each in sums}) > 1
    return tuple(_without(each, _BILLED) for each in parts) if is_mixed else parts


def _without(part: PartCost, dimensions: Collection[str]) -> PartCost:
    kept = {name: value for name, value in part.values.items() if name not in dimensions}
    return replace(part, values=kept)


def _sums(connection: Connection, asked: Asked) -> list[_Sum]:
    named = [rollup.c[name] for name in _OF_SUMS]
    keys = (rollup.c.day, rollup.c.rule, rollup.c.method, rollup.c.shared_step, rollup.c.basis, *named)
    kept = rollup.c.day.in_((*asked.days, *asked.before)) & (rollup.c.team == asked.team) & IS_OWN
    kept &= (rollup.c.currency == asked.currency) & rollup.c.category.not_in(NOT_USAGE)
    if asked.service:
        kept &= rollup.c.service == asked.service
    query = select(*keys, *cost_sums("effective")).where(kept).group_by(*keys)
    return [_sum(row, len(keys)) for row in connection.execute(query)]


def _sum(row: Any, keys: int) -> _Sum:
    is_direct = row.method == "direct" and not row.shared_step
    rule = "" if is_direct else f"shared: {row.shared_step}" if row.shared_step else row.rule
    values = [*((name, row._mapping[name]) for name in _OF_SUMS), ("rule", rule)]
    said = tuple((name, value) for name, value in values if value)
    return _Sum(row.day, said, amounts(row, keys)[0], is_direct, row.basis)


def _daily(sums: Iterable[_Sum]) -> dict[date, Decimal]:
    found: dict[date, list[Decimal]] = defaultdict(list)
    for each in sums:
        found[each.day].append(each.cost)
    return {day: cost for day, costs in found.items() if (cost := total(costs))}


def _added(asked: Asked, sums: Iterable[_Sum]) -> tuple[PartCost, ...]:
    costs: dict[tuple[tuple[str, str], ...], tuple[list[Decimal], list[Decimal]]] = defaultdict(lambda: ([], []))
    for each in sums:
        costs[each.values][0 if each.day in asked.days else 1].append(each.cost)
    return tuple(PartCost(dict(values), total(late), total(before)) for values, (late, before) in costs.items())
