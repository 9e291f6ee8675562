"""An explanation as a document: from the amount to rules, to days and weights, to charges, each level summing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attributor.attributing.explaining_corrections import ExplainedCorrection
from attributor.money import plain, total
from attributor.periods import Month
from rules.explanation import ChargeShare, Explanation, RulePart, Weighing, Weight

_Rule = tuple[str, str, int, str, str, str, str]


@dataclass(frozen=True)
class DayOfRule:
    """What a rule gave on one UTC day."""

    day: date
    part: RulePart


@dataclass(frozen=True)
class RuleLine:
    """What a rule gave for one cause; `days`, oldest first, sum to `cost` (effective)."""

    rule: str
    file: str
    line: int
    method: str
    idle_cause: str
    fallback: str
    shared_step: str
    cost: Decimal
    days: tuple[DayOfRule, ...]


@dataclass(frozen=True)
class CorrectionLine:
    """What a correction of a closed month's day gave the team, or took: effective cost after less before."""

    corrects: Month
    day: date
    posted_on: date
    rules_before: tuple[RuleLine, ...]
    rules_after: tuple[RuleLine, ...]

    @property
    def before(self) -> Decimal:
        """What the team had of the day, by the statement and earlier corrections."""
        return total(line.cost for line in self.rules_before)

    @property
    def after(self) -> Decimal:
        """What it has of the day since."""
        return total(line.cost for line in self.rules_after)

    @property
    def difference(self) -> Decimal:
        """What was posted."""
        return total((self.after, self.before.copy_negate()))


@dataclass(frozen=True)
class Explained:
    """Why a team was given an amount (effective cost) in a month, or on one day of it.

    The rules, and the differences of the corrections that were posted in that time, sum to `cost`.
    """

    period: Month
    day: date | None
    team: str
    service: str | None
    currency: str
    cost: Decimal
    rules: tuple[RuleLine, ...]
    corrections: tuple[CorrectionLine, ...] = ()


def explained(
    asked: tuple[Month, date | None, str, str | None],
    days: Iterable[tuple[date, Explanation]],
    corrections: Iterable[ExplainedCorrection],
) -> tuple[Explained, ...]:
    """Put the days and the corrections together, one answer a currency."""
    period, day, team, service = asked
    rules, corrected = _by_currency(days), _corrections(corrections)
    return tuple(
        Explained(
            period=period,
            day=day,
            team=team,
            service=service,
            currency=currency,
            cost=total((*(line.cost for line in lines), *(line.difference for line in posted))),
            rules=lines,
            corrections=posted,
        )
        for currency in sorted(rules.keys() | corrected.keys())
        for lines, posted in [(rules.get(currency, ()), tuple(corrected.get(currency, ())))]
    )


def _by_currency(days: Iterable[tuple[date, Explanation]]) -> dict[str, tuple[RuleLine, ...]]:
    found: dict[str, dict[_Rule, list[DayOfRule]]] = {}
    for of, explanation in days:
        for in_currency in explanation.currencies:
            by_rule = found.setdefault(in_currency.currency, {})
            for part in in_currency.parts:
                by_rule.setdefault(_rule(part), []).append(DayOfRule(of, part))
    return {currency: _lines(by_rule) for currency, by_rule in found.items()}


def _corrections(found: Iterable[ExplainedCorrection]) -> dict[str, list[CorrectionLine]]:
    lines: dict[str, list[CorrectionLine]] = {}
    for each in found:
        day = each.correction.day
        before = {} if each.before is None else _by_currency([(day, each.before)])
        after = _by_currency([(day, each.after)])
        for currency in before.keys() | after.keys():
            line = CorrectionLine(
                corrects=each.correction.month,
                day=day,
                posted_on=each.correction.posted_on,
                rules_before=before.get(currency, ()),
                rules_after=after.get(currency, ()),
            )
            if line.difference:
                lines.setdefault(currency, []).append(line)
    return lines


def _rule(part: RulePart) -> _Rule:
    return part.rule, part.file, part.line, part.method, part.idle_cause, part.fallback, part.shared_step


def _lines(by_rule: dict[_Rule, list[DayOfRule]]) -> tuple[RuleLine, ...]:
    lines = [
        RuleLine(*rule, cost=total(day.part.costs.effective for day in days), days=tuple(days))
        for rule, days in by_rule.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.cost, line.rule, line.idle_cause)))


def explained_document(report: Explained) -> dict[str, Any]:
    """Return the JSON document; amounts and quantities are decimal strings, shares are exact fractions."""
    return {
        "period": str(report.period),
        "day": None if report.day is None else report.day.isoformat(),
        "team": report.team,
        "service": report.service,
        "basis": "effective",
        "currency": report.currency or None,
        "cost": plain(report.cost),
        "rules": [_line_document(line) for line in report.rules],
        "corrections": [_correction_document(line) for line in report.corrections],
    }


def _correction_document(line: CorrectionLine) -> dict[str, Any]:
    return {
        "corrects": str(line.corrects),
        "day": line.day.isoformat(),
        "posted_on": line.posted_on.isoformat(),
        "before": plain(line.before),
        "after": plain(line.after),
        "difference": plain(line.difference),
        "rules_before": [_line_document(rule) for rule in line.rules_before],
        "rules_after": [_line_document(rule) for rule in line.rules_after],
    }


def _line_document(line: RuleLine) -> dict[str, Any]:
    return {
        "rule": line.rule,
        "file": line.file,
        "line": line.line,
        "method": line.method,
        "idle_cause": line.idle_cause,
        "fallback": line.fallback,
        "shared_step": line.shared_step,
        "cost": plain(line.cost),
        "days": [_day_document(day) for day in line.days],
    }


def _day_document(day: DayOfRule) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "cost": plain(day.part.costs.effective),
        "step_weights": _weights(day.part.step_weights),
        "weighings": [_weighing(weighing) for weighing in day.part.weighings],
    }


def _weighing(weighing: Weighing) -> dict[str, Any]:
    more = weighing.more
    return {
        "metric": weighing.metric,
        "pool": weighing.pool,
        "window_start": _instant(weighing.window_start),
        "window_end": _instant(weighing.window_end),
        "cost": plain(weighing.costs.effective),
        "weights": _weights(weighing.weights),
        "note": weighing.note,
        "charges": [_charge(charge) for charge in weighing.charges],
        "more_charges": None
        if more is None
        else {"count": more.count, "charged": plain(more.effective), "cost": plain(more.share.effective)},
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


def _charge(charge: ChargeShare) -> dict[str, Any]:
    return {"origin": charge.origin, "charged": plain(charge.effective), "cost": plain(charge.share.effective)}


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
