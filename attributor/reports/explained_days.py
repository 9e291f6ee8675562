"""The first step of an explanation: a month's amount by day and rule, as the ledger has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Engine, and_, select

from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.costs import amounts, cost_sums, within
from attributor.reports.narrowing import column_of
from attributor.reports.subject import Subject

_KEYS = ("day", "rule", "method", "idle_cause", "shared_step", "fallback", "corrects")


@dataclass(frozen=True)
class DayLine:
    """What one rule gave on one UTC day, for one cause; `corrects` is the closed month (YYYY-MM) that it corrects."""

    day: date
    rule: str
    method: str
    idle_cause: str
    shared_step: str
    fallback: str
    corrects: str
    cost: Decimal


@dataclass(frozen=True)
class RuleSum:
    """What one rule gave on all days together, "" where none claimed it."""

    rule: str
    cost: Decimal


@dataclass(frozen=True)
class ExplainedMonth:
    """An amount by rule, the largest first, and by day and rule, oldest first and largest first within a day.

    Both `rules` and `lines` sum to `cost`.
    """

    subject: Subject
    currency: str
    cost: Decimal
    rules: tuple[RuleSum, ...]
    lines: tuple[DayLine, ...]


def explained_month(engine: Engine, subject: Subject, currency: str) -> ExplainedMonth:
    """Read what an amount is made of; `subject.filters` has words that `narrowing` knows."""
    keys = [rollup.c[name] for name in _KEYS]
    conditions = [within(*subject.days), rollup.c.team == subject.team, rollup.c.currency == currency]
    conditions += [column_of(word) == value for word, value in subject.filters.items()]
    query = select(*keys, *cost_sums(subject.basis)).where(and_(*conditions)).group_by(*keys)
    with engine.connect() as connection:
        found = [DayLine(*row[: len(keys)], *amounts(row, len(keys))) for row in connection.execute(query)]
    found.sort(key=lambda line: (line.day, line.cost.copy_abs().copy_negate(), line.rule, line.idle_cause))
    return ExplainedMonth(subject, currency, total(line.cost for line in found), _by_rule(found), tuple(found))


def _by_rule(lines: Sequence[DayLine]) -> tuple[RuleSum, ...]:
    costs: dict[str, list[Decimal]] = {}
    for line in lines:
        costs.setdefault(line.rule, []).append(line.cost)
    sums = [RuleSum(rule, total(of)) for rule, of in costs.items()]
    return tuple(sorted(sums, key=lambda each: (each.cost.copy_abs().copy_negate(), each.rule)))
