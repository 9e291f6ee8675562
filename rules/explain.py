"""From an amount to the rules, weights and charges that it came from."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction

import duckdb

from rules.allocations import idle_cause
from rules.attribute import DayTables, Worked, work_out
from rules.cells import CELLS, Plan, method_of
from rules.charge_shares import CellPart, OneCharge, Units, charge_shares, charges_of_cells, cut_of, plus
from rules.decide import NOBODY
from rules.explanation import (
    ChargeShare,
    Costs,
    CurrencyPart,
    Explanation,
    MoreCharges,
    Question,
    RulePart,
    Weighing,
    Weight,
)
from rules.hours import instant
from rules.outcomes import Activity, CostSplit, Follow, Outcome, UsageSplit
from rules.ruleset import RuleSet
from rules.schema import DIMENSION_COLUMNS
from rules.sharing import SHARED_PARTS
from rules.split import COSTS
from rules.weights import Weights

LARGEST_CHARGES = 20
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class _Given:
    """One part of the team's allocations, with all that leads to it."""

    cell: int
    split: int | None
    rule: int
    day: date
    currency: str
    part_cause: str
    """The cause in the weights of the split; `idle_cause` is the one that is shown."""
    idle_cause: str
    shared_step: str
    step_fallback: str
    billed: int
    effective: int
    list: int

    @property
    def costs(self) -> Units:
        """The part's costs."""
        return self.billed, self.effective, self.list


@dataclass(frozen=True)
class _Case:
    """What the explanation is worked out from."""

    worked: Worked
    ruleset: RuleSet
    charges: Mapping[int, tuple[OneCharge, ...]]
    largest: int


def explain(
    connection: duckdb.DuckDBPyConnection,
    tables: DayTables,
    ruleset: RuleSet,
    question: Question,
    largest: int = LARGEST_CHARGES,
) -> Explanation:
    """Attribute the charges anew and answer; at most `largest` charges of each weighing are listed one by one.

    Every level sums exactly to the one above, in all three costs. Replaces what `attribute` left in the connection.
    """
    worked = work_out(connection, tables, ruleset)
    given = _given(connection, worked.plan, question)
    cells = sorted({one.cell for one in given})
    charges = charges_of_cells(connection, tables.charges, worked.plan, ruleset, cells)
    case = _Case(worked, ruleset, charges, largest)
    by_currency = _grouped(given, lambda one: one.currency)
    parts = (
        CurrencyPart(str(currency), _costs(members), _rule_parts(case, members, question.team))
        for currency, members in sorted(by_currency.items(), key=lambda item: str(item[0]))
    )
    return Explanation(question, tuple(parts))


def _given(connection: duckdb.DuckDBPyConnection, plan: Plan, question: Question) -> list[_Given]:
    service = f"c.d{DIMENSION_COLUMNS.index('ServiceName')}"
    rows = connection.execute(
        f"SELECT c.cell, c.split, c.rule, c.day, c.currency, p.idle_cause, {idle_cause(plan)}, p.shared_step,"
        f" p.step_fallback, {', '.join(f'p.{cost}' for cost in COSTS)} FROM {SHARED_PARTS} p"
        f" JOIN {CELLS} c ON c.cell = p.cell"
        f" WHERE p.team = ? AND (? IS NULL OR {service} = ?) ORDER BY ALL",
        [question.team, question.service, question.service],
    ).fetchall()
    return [_Given(*row) for row in rows]


def _rule_parts(case: _Case, given: Sequence[_Given], team: str) -> tuple[RulePart, ...]:
    def alike(one: _Given) -> tuple[object, ...]:
        return one.rule, one.idle_cause, _fallback(case, one), one.shared_step, one.day if one.shared_step else None

    parts = [_rule_part(case, members, team) for members in _grouped(given, alike).values()]
    return tuple(sorted(parts, key=lambda part: (-abs(part.costs.effective), part.rule, part.idle_cause)))


def _rule_part(case: _Case, given: Sequence[_Given], team: str) -> RulePart:
    first = given[0]
    rule = None if first.rule == NOBODY else case.ruleset.rules[first.rule]
    outcome = rule.outcome if rule else None
    step = _step_weights(case, first)
    by_split = _grouped(given, lambda one: one.split)
    return RulePart(
        rule=rule.name if rule else "",
        file=rule.file if rule else "",
        line=rule.line if rule else 0,
        method=method_of(outcome) if outcome else "unattributed",
        idle_cause=first.idle_cause,
        fallback=_fallback(case, first),
        shared_step=first.shared_step,
        step_weights=_weights(step) if step else (),
        costs=_costs(given),
        weighings=tuple(
            _weighing(case, members, rule.outcome if rule else None, team) for members in by_split.values()
        ),
    )


def _weighing(case: _Case, given: Sequence[_Given], outcome: Outcome | None, team: str) -> Weighing:
    weights = None if given[0].split is None else case.worked.phased.weights[given[0].split]
    window = weights.window if weights else None
    listed, more = _charges(case, given, team)
    metric, pool = _measured(outcome)
    return Weighing(
        metric=metric,
        pool=pool,
        window_start=instant(window[0]) if window else None,
        window_end=instant(window[1]) if window else None,
        weights=_weights(weights) if weights else (),
        note=weights.note if weights else "",
        costs=_costs(given),
        charges=listed,
        more=more,
    )


def _charges(case: _Case, given: Sequence[_Given], team: str) -> tuple[tuple[ChargeShare, ...], MoreCharges | None]:
    shares = [
        (charge, share)
        for one in given
        for charge, share in charge_shares(_cell_part(case, one, team), case.charges[one.cell])
    ]
    shares.sort(key=lambda pair: (-abs(pair[1][1]), pair[0].origin))
    listed = tuple(
        ChargeShare(charge.origin, _amount(charge.costs[1]), _as_costs(share))
        for charge, share in shares[: case.largest]
    )
    rest = shares[case.largest :]
    if not rest:
        return listed, None
    effective = sum(charge.costs[1] for charge, _ in rest)
    return listed, MoreCharges(len(rest), _amount(effective), _as_costs(_total(share for _, share in rest)))


def _cell_part(case: _Case, one: _Given, team: str) -> CellPart:
    """Return the functions that split the cell: by its rule, then by the shared step."""
    cuts = []
    first_owner = one.shared_step or team
    if one.split is not None:
        cuts.append(cut_of(case.worked.phased.weights[one.split], first_owner, one.part_cause))
    step = _step_weights(case, one)
    if step:
        cuts.append(cut_of(step, team, ""))
    return CellPart(one.cell, tuple(cuts))


def _step_weights(case: _Case, one: _Given) -> Weights | None:
    if not one.shared_step:
        return None
    return next(step.weights for step in case.worked.steps if (step.day, step.provider) == (one.day, one.shared_step))


def _fallback(case: _Case, one: _Given) -> str:
    own = case.worked.phased.weights[one.split].fallback if one.split is not None else ""
    return own or one.step_fallback


def _measured(outcome: Outcome | None) -> tuple[str, str]:
    """Return metric and pool that an outcome's weights were measured by."""
    if isinstance(outcome, UsageSplit):
        return _listed(one.metric for one in outcome.drivers), _listed(one.pool or "" for one in outcome.drivers)
    if isinstance(outcome, Activity):
        return _listed(rate.metric for rate in outcome.rates), outcome.pool or ""
    return ("EffectiveCost", "") if isinstance(outcome, CostSplit | Follow) else ("", "")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def _weights(weights: Weights) -> tuple[Weight, ...]:
    return tuple(
        Weight(part.team, part.idle_cause, _amount(part.quantity), Fraction(part.weight, weights.total))
        for part in weights.parts
    )


def _grouped(given: Iterable[_Given], key: Callable[[_Given], Hashable]) -> dict[Hashable, list[_Given]]:
    groups: dict[Hashable, list[_Given]] = {}
    for one in given:
        groups.setdefault(key(one), []).append(one)
    return groups


def _costs(given: Iterable[_Given]) -> Costs:
    return _as_costs(_total(one.costs for one in given))


def _total(costs: Iterable[Units]) -> Units:
    total: Units = (0, 0, 0)
    for one in costs:
        total = plus(total, one)
    return total


def _as_costs(units: Units) -> Costs:
    return Costs(*(_amount(one) for one in units))


def _amount(units: int) -> Decimal:
    return Decimal(units).scaleb(-12, _EXACT)
