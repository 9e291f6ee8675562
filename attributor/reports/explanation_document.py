"""An explanation as JSON: amounts and quantities are decimal strings, shares are exact fractions."""

from collections.abc import Iterable
from typing import Any

from attributor.reports.costs import Basis
from attributor.reports.document import document
from attributor.reports.explanation import CorrectionLine, DayOfRule, Explained, RuleLine, in_basis
from attributor.reports.explanation_form import (
    ChargeForm,
    CorrectionForm,
    DayForm,
    ExplainedForm,
    FlowForm,
    MoreChargesForm,
    MoreRowsForm,
    ReasonForm,
    RuleForm,
    UsedForm,
    WeighingForm,
    WeightForm,
)
from rules.explanation import Flow, UsedBy, Weighing, Weight


def explained_document(report: Explained) -> dict[str, Any]:
    """Return the JSON document; amounts and quantities are decimal strings, shares are exact fractions."""
    found: dict[str, Any] = document(explained_form(report))
    return found


def explained_form(report: Explained) -> ExplainedForm:
    """Return an explanation as its document has it, every amount in the subject's basis."""
    subject = report.subject
    return ExplainedForm(
        period=subject.period,
        day=subject.day,
        team=subject.team,
        service=subject.filters.get("service"),
        filters=dict(subject.filters),
        basis=subject.basis,
        currency=report.currency or None,
        cost=report.cost,
        rules=tuple(_rule(line, subject.basis) for line in report.rules),
        corrections=tuple(_correction(line, subject.basis) for line in report.corrections),
    )


def _correction(line: CorrectionLine, basis: Basis) -> CorrectionForm:
    return CorrectionForm(
        corrects=line.corrects,
        day=line.day,
        posted_on=line.posted_on,
        before=line.before,
        after=line.after,
        difference=line.difference,
        rules_before=tuple(_rule(rule, basis) for rule in line.rules_before),
        rules_after=tuple(_rule(rule, basis) for rule in line.rules_after),
    )


def _rule(line: RuleLine, basis: Basis) -> RuleForm:
    return RuleForm(
        rule=line.rule,
        file=line.file,
        line=line.line,
        version=line.version,
        method=line.method,
        idle_cause=line.idle_cause,
        fallback=line.fallback,
        shared_step=line.shared_step,
        cost=line.cost,
        days=tuple(_day(day, basis) for day in line.days),
    )


def _day(day: DayOfRule, basis: Basis) -> DayForm:
    part = day.part
    return DayForm(
        day=day.day,
        cost=in_basis(part.costs, basis),
        reasons=tuple(ReasonForm(reason.text, in_basis(reason.costs, basis)) for reason in part.reasons),
        step_weights=_weights(part.step_weights),
        step_flows=tuple(_flow(flow) for flow in part.step_flows),
        weighings=tuple(_weighing(weighing, basis) for weighing in part.weighings),
    )


def _weighing(weighing: Weighing, basis: Basis) -> WeighingForm:
    more = weighing.more
    return WeighingForm(
        metric=weighing.metric,
        pool=weighing.pool,
        window_start=weighing.window_start,
        window_end=weighing.window_end,
        cost=in_basis(weighing.costs, basis),
        unit=weighing.unit,
        weights=_weights(weighing.weights),
        note=weighing.note,
        usage=tuple(_used(used) for used in weighing.usage),
        weighed_by=weighing.weighed_by,
        charges=tuple(
            ChargeForm(charge.origin, in_basis(charge.own, basis), in_basis(charge.share, basis))
            for charge in weighing.charges
        ),
        more_charges=None
        if more is None
        else MoreChargesForm(more.count, in_basis(more.own, basis), in_basis(more.share, basis)),
    )


def _weights(weights: Iterable[Weight]) -> tuple[WeightForm, ...]:
    return tuple(WeightForm(each.owner, each.idle_cause, each.quantity, str(each.share)) for each in weights)


def _flow(flow: Flow) -> FlowForm:
    return FlowForm(flow.provider, flow.unit, _weights(flow.weights), flow.weighed_by)


def _used(used: UsedBy) -> UsedForm:
    more = None if used.more is None else MoreRowsForm(used.more.count, used.more.quantity)
    return UsedForm(used.metric, used.pool, used.owner, used.quantity, used.rows, more)
