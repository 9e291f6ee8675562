"""An explanation as a document: from the amount to rules, to days and weights, to charges, each level summing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from attributor.attributing.explaining import GIVEN, ExplainedDay
from attributor.attributing.explaining_corrections import ExplainedCorrection
from attributor.money import total
from attributor.periods import Month
from attributor.reports.costs import Basis
from attributor.reports.subject import Subject
from rules.explanation import Costs, RulePart


@dataclass(frozen=True)
class DayOfRule:
    """What a rule gave on one UTC day."""

    day: date
    part: RulePart


@dataclass(frozen=True)
class RuleLine:
    """What a version of a rule gave for one cause; `days`, oldest first, sum to `cost` (in the subject's column).

    `version` is the digest of the rule set that the days were attributed by.
    """

    rule: str
    file: str
    line: int
    version: str
    method: str
    idle_cause: str
    fallback: str
    shared_step: str
    cost: Decimal
    days: tuple[DayOfRule, ...]


@dataclass(frozen=True)
class CorrectionLine:
    """What a correction of a closed month's day gave the team, or took: what it has since less what it had before."""

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
    """Why a team was given an amount in one currency.

    The rules, and the differences of the corrections that were posted in that time, sum to `cost`.
    """

    subject: Subject
    currency: str
    cost: Decimal
    rules: tuple[RuleLine, ...]
    corrections: tuple[CorrectionLine, ...] = ()


_Rule = tuple[str, str, int, str, str, str, str, str]


def explained(
    subject: Subject, days: Iterable[ExplainedDay], corrections: Iterable[ExplainedCorrection]
) -> tuple[Explained, ...]:
    """Put the days and the corrections together, one answer a currency; where nothing was given, one of nothing."""
    rules, corrected = _by_currency(days, subject.basis), _corrections(corrections, subject.basis)
    answers = tuple(
        Explained(
            subject=subject,
            currency=currency,
            cost=total((*(line.cost for line in lines), *(line.difference for line in posted))),
            rules=lines,
            corrections=posted,
        )
        for currency in sorted(rules.keys() | corrected.keys())
        for lines, posted in [(rules.get(currency, ()), tuple(corrected.get(currency, ())))]
    )
    return answers or (Explained(subject, "", Decimal(0), ()),)


def only_correcting(report: Explained, month: str) -> Explained:
    """Return what of an explanation corrects a closed month (YYYY-MM), any of GIVEN, and none of ""."""
    rules = () if month else report.rules
    corrections = tuple(each for each in report.corrections if month in (str(each.corrects), GIVEN))
    cost = total((*(line.cost for line in rules), *(line.difference for line in corrections)))
    return replace(report, cost=cost, rules=rules, corrections=corrections)


def _by_currency(days: Iterable[ExplainedDay], basis: Basis) -> dict[str, tuple[RuleLine, ...]]:
    found: dict[str, dict[_Rule, list[DayOfRule]]] = {}
    for day in days:
        for in_currency in day.explanation.currencies:
            by_rule = found.setdefault(in_currency.currency, {})
            for part in in_currency.parts:
                by_rule.setdefault(_rule(part, day.rules_digest), []).append(DayOfRule(day.day, part))
    return {currency: _lines(by_rule, basis) for currency, by_rule in found.items()}


def _corrections(found: Iterable[ExplainedCorrection], basis: Basis) -> dict[str, list[CorrectionLine]]:
    lines: dict[str, list[CorrectionLine]] = {}
    for each in found:
        before = {} if each.before is None else _by_currency([each.before], basis)
        after = _by_currency([each.after], basis)
        for currency in before.keys() | after.keys():
            line = CorrectionLine(
                corrects=each.correction.month,
                day=each.correction.day,
                posted_on=each.correction.posted_on,
                rules_before=before.get(currency, ()),
                rules_after=after.get(currency, ()),
            )
            if line.difference:
                lines.setdefault(currency, []).append(line)
    return lines


def in_basis(costs: Costs, basis: Basis) -> Decimal:
    """Return the one of three costs that a basis names."""
    amount: Decimal = getattr(costs, basis)
    return amount


def _rule(part: RulePart, version: str) -> _Rule:
    return part.rule, part.file, part.line, version, part.method, part.idle_cause, part.fallback, part.shared_step


def _lines(by_rule: Mapping[_Rule, Sequence[DayOfRule]], basis: Basis) -> tuple[RuleLine, ...]:
    lines = [
        RuleLine(*rule, cost=total(in_basis(day.part.costs, basis) for day in days), days=tuple(days))
        for rule, days in by_rule.items()
    ]
    return tuple(sorted(lines, key=lambda line: (line.cost.copy_negate(), line.rule, line.idle_cause)))
