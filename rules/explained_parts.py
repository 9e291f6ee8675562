"""The parts of an explanation: what each rule gave, by which weights, of which charges."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction

from rules.attribute import Worked
from rules.cells import method_of
from rules.charge_cuts import unit_of
from rules.charge_shares import CellPart, OneCharge, Units, charge_shares, cut_of, plus
from rules.decide import NOBODY
from rules.explained_costs import costs_behind_step
from rules.explained_reasons import joined_reasons, reason_of_fallback
from rules.explanation import (
    ChargeShare,
    Costs,
    Flow,
    MoreCharges,
    Reason,
    RulePart,
    UsedBy,
    WeighedBy,
    Weighing,
    Weight,
)
from rules.hours import instant
from rules.outcomes import Activity, CostSplit, Follow, Outcome, UsageSplit
from rules.ruleset import Rule, RuleSet, holds_on
from rules.schema import UNATTRIBUTED
from rules.sharing import Step
from rules.weights import Weights

_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Given:
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
class Case:
    """What the explanation is worked out from: by cell its charges and reasons, by split what is behind its weights."""

    team: str
    worked: Worked
    ruleset: RuleSet
    charges: Mapping[int, tuple[OneCharge, ...]]
    usage: Mapping[int, tuple[UsedBy, ...]]
    weighed_by: Mapping[int, tuple[WeighedBy, ...]]
    reasons: Mapping[int, Mapping[str, Units]]
    largest: int


def rule_parts(case: Case, given: Sequence[Given]) -> tuple[RulePart, ...]:
    """Return what each rule gave, for each cause, the largest first."""

    def alike(one: Given) -> tuple[object, ...]:
        return one.rule, one.idle_cause, _fallback(case, one), one.shared_step, one.day if one.shared_step else None

    parts = [_rule_part(case, members) for members in grouped(given, alike).values()]
    return tuple(sorted(parts, key=lambda part: (-abs(part.costs.effective), part.rule, part.idle_cause)))


def _rule_part(case: Case, given: Sequence[Given]) -> RulePart:
    first = given[0]
    rule = None if first.rule == NOBODY else case.ruleset.rules[first.rule]
    step = _step_weights(case, first)
    by_split = grouped(given, lambda one: one.split)
    return RulePart(
        rule=rule.name if rule else "",
        file=rule.file if rule else "",
        line=rule.line if rule else 0,
        method=method_of(rule.outcome) if rule else "unattributed",
        idle_cause=first.idle_cause,
        fallback=_fallback(case, first),
        shared_step=first.shared_step,
        step_weights=_weights(step) if step else (),
        step_flows=_flows(case, first) if step else (),
        reasons=_reasons(case, given, rule),
        costs=costs_of(given),
        weighings=tuple(_weighing(case, members, rule.outcome if rule else None) for members in by_split.values()),
    )


def _reasons(case: Case, given: Sequence[Given], rule: Rule | None) -> tuple[Reason, ...]:
    if case.team != UNATTRIBUTED:
        return ()
    if rule is not None:
        text = reason_of_fallback(rule.outcome, _fallback(case, given[0]))
        return (Reason(text, costs_of(given)),) if text else ()
    joined = joined_reasons([case.reasons[one.cell] for one in given])
    return tuple(Reason(text, _as_costs(costs)) for text, costs in joined.items())


def _flows(case: Case, of: Given) -> tuple[Flow, ...]:
    shared = {one.team: one.split for one in case.ruleset.shared if holds_on(one, of.day)}
    steps = [step for step in case.worked.steps if (step.day, step.currency) == (of.day, of.currency)]
    return tuple(
        Flow(
            provider=step.provider,
            unit=unit_of(shared[step.provider], step.used.fallback, of.currency),
            weights=_weights(step.used),
            weighed_by=_behind_step(case, shared[step.provider], step),
        )
        for step in steps
        if step.used is not None
    )


def _behind_step(case: Case, split: Outcome, step: Step) -> tuple[WeighedBy, ...]:
    return costs_behind_step(case.worked, split, step, {case.team}) if isinstance(split, CostSplit) else ()


def _weighing(case: Case, given: Sequence[Given], outcome: Outcome | None) -> Weighing:
    first = given[0]
    weights = None if first.split is None else case.worked.phased.weights[first.split]
    window = weights.window if weights else None
    listed, more = _charges(case, given)
    metric, pool = _measured(outcome)
    return Weighing(
        metric=metric,
        pool=pool,
        window_start=instant(window[0]) if window else None,
        window_end=instant(window[1]) if window else None,
        weights=_weights(weights) if weights else (),
        note=weights.note if weights else "",
        unit=unit_of(outcome, weights.fallback, first.currency) if weights and outcome else "",
        usage=case.usage.get(first.split, ()) if first.split is not None else (),
        weighed_by=case.weighed_by.get(first.split, ()) if first.split is not None else (),
        costs=costs_of(given),
        charges=listed,
        more=more,
    )


def _charges(case: Case, given: Sequence[Given]) -> tuple[tuple[ChargeShare, ...], MoreCharges | None]:
    shares = [
        (charge, share)
        for one in given
        for charge, share in charge_shares(_cell_part(case, one), case.charges[one.cell])
    ]
    shares.sort(key=lambda pair: (-abs(pair[1][1]), pair[0].origin))
    listed = tuple(
        ChargeShare(charge.origin, _as_costs(charge.costs), _as_costs(share))
        for charge, share in shares[: case.largest]
    )
    rest = shares[case.largest :]
    if not rest:
        return listed, None
    own = _as_costs(_total(charge.costs for charge, _ in rest))
    return listed, MoreCharges(len(rest), own, _as_costs(_total(share for _, share in rest)))


def _cell_part(case: Case, one: Given) -> CellPart:
    """Return the functions that split the cell: by its rule, then by the shared step."""
    cuts = []
    first_owner = one.shared_step or case.team
    if one.split is not None:
        cuts.append(cut_of(case.worked.phased.weights[one.split], first_owner, one.part_cause))
    step = _step_weights(case, one)
    if step:
        cuts.append(cut_of(step, case.team, ""))
    return CellPart(one.cell, tuple(cuts))


def _step_weights(case: Case, one: Given) -> Weights | None:
    if not one.shared_step:
        return None
    asked = one.day, one.currency, one.shared_step
    return next(step.weights for step in case.worked.steps if (step.day, step.currency, step.provider) == asked)


def _fallback(case: Case, one: Given) -> str:
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


def grouped(given: Iterable[Given], key: Callable[[Given], Hashable]) -> dict[Hashable, list[Given]]:
    """Return the parts that agree in the key together, in their order."""
    groups: dict[Hashable, list[Given]] = {}
    for one in given:
        groups.setdefault(key(one), []).append(one)
    return groups


def costs_of(given: Iterable[Given]) -> Costs:
    """Return the sum of the parts' costs."""
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
