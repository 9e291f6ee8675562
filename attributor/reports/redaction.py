"""An explanation for somebody who may not see other teams: what the others used and were given becomes one line."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from attributor.money import total
from attributor.reports.explanation import CorrectionLine, DayOfRule, Explained, RuleLine
from rules.explanation import Flow, RulePart, UsedBy, WeighedBy, Weighing, Weight

OTHERS = "other teams"


def redacted(explained: Explained, owners: Collection[str]) -> Explained:
    """Return the explanation with the owners that are not named as one; amounts, weights and shares sum as before.

    What a charge costs as a whole stays: it says how much was split, and not among whom.
    """
    return replace(
        explained,
        rules=_lines(explained.rules, owners),
        corrections=tuple(_correction(line, owners) for line in explained.corrections),
    )


def _correction(line: CorrectionLine, owners: Collection[str]) -> CorrectionLine:
    before, after = _lines(line.rules_before, owners), _lines(line.rules_after, owners)
    return replace(line, rules_before=before, rules_after=after)


def _lines(lines: Sequence[RuleLine], owners: Collection[str]) -> tuple[RuleLine, ...]:
    return tuple(
        replace(line, days=tuple(DayOfRule(day.day, _part(day.part, owners)) for day in line.days)) for line in lines
    )


def _part(part: RulePart, owners: Collection[str]) -> RulePart:
    return replace(
        part,
        step_weights=_weights(part.step_weights, owners),
        step_flows=tuple(_flow(flow, part.shared_step, owners) for flow in part.step_flows),
        weighings=tuple(_weighing(weighing, owners) for weighing in part.weighings),
    )


def _flow(flow: Flow, step: str, owners: Collection[str]) -> Flow:
    """The team whose cost was passed on is named, as the page names it; what others passed on is theirs."""
    provider = flow.provider if flow.provider in {step, *owners} else OTHERS
    weighed = tuple(each for each in flow.weighed_by if each.owner in owners)
    return replace(flow, provider=provider, weights=_weights(flow.weights, owners), weighed_by=weighed)


def _weighing(weighing: Weighing, owners: Collection[str]) -> Weighing:
    return replace(
        weighing,
        weights=_weights(weighing.weights, owners),
        usage=_usage(weighing.usage, owners),
        weighed_by=_weighed(weighing.weighed_by, owners),
        note="",
    )


def _weights(weights: Sequence[Weight], owners: Collection[str]) -> tuple[Weight, ...]:
    kept = tuple(weight for weight in weights if weight.owner in owners)
    others = [weight for weight in weights if weight.owner not in owners]
    if not others:
        return kept
    quantity = sum((Fraction(weight.quantity) for weight in others), Fraction(0))
    exact = Decimal(quantity.numerator) / Decimal(quantity.denominator)
    return (*kept, Weight(OTHERS, "", exact, sum((weight.share for weight in others), Fraction(0))))


def _usage(usage: Sequence[UsedBy], owners: Collection[str]) -> tuple[UsedBy, ...]:
    others: dict[tuple[str, str], list[Decimal]] = {}
    for each in usage:
        if each.owner not in owners:
            others.setdefault((each.metric, each.pool), []).append(each.quantity)
    kept = tuple(each for each in usage if each.owner in owners)
    return (*kept, *(UsedBy(*of, OTHERS, total(used), (), None) for of, used in others.items()))


def _weighed(weighed: Sequence[WeighedBy], owners: Collection[str]) -> tuple[WeighedBy, ...]:
    return tuple(each for each in weighed if each.owner in owners)
