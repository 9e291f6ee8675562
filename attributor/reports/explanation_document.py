"""An explanation as JSON: amounts and quantities are decimal strings, shares are exact fractions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attributor.money import plain
from attributor.reports.costs import Basis
from attributor.reports.explanation import CorrectionLine, DayOfRule, Explained, RuleLine, in_basis
from rules.explanation import ChargeShare, Flow, UsageRow, UsedBy, WeighedBy, Weighing, Weight


def explained_document(report: Explained) -> dict[str, Any]:
    """Return the JSON document; amounts and quantities are decimal strings, shares are exact fractions."""
    subject = report.subject
    return {
        "period": str(subject.period),
        "day": None if subject.day is None else subject.day.isoformat(),
        "team": subject.team,
        "service": subject.filters.get("service"),
        "filters": dict(subject.filters),
        "basis": subject.basis,
        "currency": report.currency or None,
        "cost": plain(report.cost),
        "rules": [_line_document(line, subject.basis) for line in report.rules],
        "corrections": [_correction_document(line, subject.basis) for line in report.corrections],
    }


def _correction_document(line: CorrectionLine, basis: Basis) -> dict[str, Any]:
    return {
        "corrects": str(line.corrects),
        "day": line.day.isoformat(),
        "posted_on": line.posted_on.isoformat(),
        "before": plain(line.before),
        "after": plain(line.after),
        "difference": plain(line.difference),
        "rules_before": [_line_document(rule, basis) for rule in line.rules_before],
        "rules_after": [_line_document(rule, basis) for rule in line.rules_after],
    }


def _line_document(line: RuleLine, basis: Basis) -> dict[str, Any]:
    return {
        "rule": line.rule,
        "file": line.file,
        "line": line.line,
        "version": line.version,
        "method": line.method,
        "idle_cause": line.idle_cause,
        "fallback": line.fallback,
        "shared_step": line.shared_step,
        "cost": plain(line.cost),
        "days": [_day_document(day, basis) for day in line.days],
    }


def _day_document(day: DayOfRule, basis: Basis) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "cost": plain(in_basis(day.part.costs, basis)),
        "reasons": [
            {"reason": reason.text, "cost": plain(in_basis(reason.costs, basis))} for reason in day.part.reasons
        ],
        "step_weights": _weights(day.part.step_weights),
        "step_flows": [_flow(flow) for flow in day.part.step_flows],
        "weighings": [_weighing(weighing, basis) for weighing in day.part.weighings],
    }


def _weighing(weighing: Weighing, basis: Basis) -> dict[str, Any]:
    more = weighing.more
    return {
        "metric": weighing.metric,
        "pool": weighing.pool,
        "window_start": _instant(weighing.window_start),
        "window_end": _instant(weighing.window_end),
        "cost": plain(in_basis(weighing.costs, basis)),
        "unit": weighing.unit,
        "weights": _weights(weighing.weights),
        "note": weighing.note,
        "usage": [_used(used) for used in weighing.usage],
        "weighed_by": [_weighed_by(cost) for cost in weighing.weighed_by],
        "charges": [_charge(charge, basis) for charge in weighing.charges],
        "more_charges": None
        if more is None
        else {
            "count": more.count,
            "charged": plain(in_basis(more.own, basis)),
            "cost": plain(in_basis(more.share, basis)),
        },
    }


def _weights(weights: Sequence[Weight]) -> list[dict[str, Any]]:
    return [
        {
            "owner": weight.owner,
            "idle_cause": weight.idle_cause,
            "quantity": plain(weight.quantity),
            "share": str(weight.share),
        }
        for weight in weights
    ]


def _flow(flow: Flow) -> dict[str, Any]:
    return {
        "provider": flow.provider,
        "unit": flow.unit,
        "weights": _weights(flow.weights),
        "weighed_by": [_weighed_by(cost) for cost in flow.weighed_by],
    }


def _weighed_by(found: WeighedBy) -> dict[str, Any]:
    days = [{"day": day.day.isoformat(), "cost": plain(day.cost), "charges": day.charges} for day in found.days]
    return {"owner": found.owner, "cost": plain(found.cost), "days": days}


def _used(used: UsedBy) -> dict[str, Any]:
    return {
        "metric": used.metric,
        "pool": used.pool,
        "owner": used.owner,
        "quantity": plain(used.quantity),
        "rows": [_usage_row(row) for row in used.rows],
        "more_rows": None if used.more is None else {"count": used.more.count, "quantity": plain(used.more.quantity)},
    }


def _usage_row(row: UsageRow) -> dict[str, Any]:
    return {
        "source": row.source,
        "hour": row.hour.isoformat(),
        "pool": row.pool,
        "quantity": plain(row.quantity),
        "origin": row.origin,
    }


def _charge(charge: ChargeShare, basis: Basis) -> dict[str, Any]:
    return {
        "origin": charge.origin,
        "charged": plain(in_basis(charge.own, basis)),
        "cost": plain(in_basis(charge.share, basis)),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
