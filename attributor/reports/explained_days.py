"""The first steps of an explanation: a period's amount by team, rule and day, as the ledger has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, select

from attributor.attributing.explaining import agrees
from attributor.ledger.tables import rollup
from attributor.money import total
from attributor.reports.costs import amounts, cost_sums, within
from attributor.reports.narrowing import column_of
from attributor.reports.subject import Subject

_MORE_PARTS: Mapping[str, ColumnElement[Any]] = MappingProxyType(
    {"idle_cause": rollup.c.idle_cause, "x_Basis": rollup.c.basis, "corrects": rollup.c.corrects}
)
EXPLAINED_FURTHER = tuple(_MORE_PARTS)
"""What explanations can be kept to beside dimensions: why it is idle, billed or estimated, what month it corrects."""
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
class TeamSum:
    """What one team bears."""

    team: str
    cost: Decimal


@dataclass(frozen=True)
class DaySum:
    """What one UTC day cost."""

    day: date
    cost: Decimal


@dataclass(frozen=True)
class ExplainedOfAll:
    """An amount of all teams together by team and by rule, the largest first, and by day, oldest first.

    `teams`, `rules` and `days` each sum to `cost`.
    """

    subject: Subject
    currency: str
    cost: Decimal
    teams: tuple[TeamSum, ...]
    rules: tuple[RuleSum, ...]
    days: tuple[DaySum, ...]


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
    """Read what an amount of a team is made of; `subject.filters` has words that `explained_by` knows."""
    keys = [rollup.c[name] for name in _KEYS]
    query = select(*keys, *cost_sums(subject.basis)).where(_rows_of(subject, currency)).group_by(*keys)
    with engine.connect() as connection:
        found = [DayLine(*row[: len(keys)], *amounts(row, len(keys))) for row in connection.execute(query)]
    found.sort(key=lambda line: (line.day, line.cost.copy_abs().copy_negate(), line.rule, line.idle_cause))
    return ExplainedMonth(subject, currency, total(line.cost for line in found), _by_rule(found), tuple(found))


def explained_of_all(engine: Engine, subject: Subject, currency: str) -> ExplainedOfAll:
    """Read what an amount of all teams is made of; three small aggregates. `subject.team` is ""."""
    with engine.connect() as connection:
        teams, rules, days = (_sums(connection, subject, currency, rollup.c[name]) for name in ("team", "rule", "day"))
    return ExplainedOfAll(
        subject=subject,
        currency=currency,
        cost=total(cost for _, cost in teams),
        teams=tuple(TeamSum(*each) for each in _largest_first(teams)),
        rules=tuple(RuleSum(*each) for each in _largest_first(rules)),
        days=tuple(DaySum(*each) for each in sorted(days)),
    )


def explained_by(word: str) -> ColumnElement[Any]:
    """Return the rollup's column of a word that explanations are kept to."""
    return _MORE_PARTS[word] if word in _MORE_PARTS else column_of(word)


def days_of(lines: Sequence[DayLine]) -> tuple[tuple[DaySum, tuple[DayLine, ...]], ...]:
    """Return each day's sum with its lines, in their order."""
    by_day: dict[date, list[DayLine]] = {}
    for line in lines:
        by_day.setdefault(line.day, []).append(line)
    return tuple((DaySum(day, total(line.cost for line in of)), tuple(of)) for day, of in by_day.items())


def _rows_of(subject: Subject, currency: str) -> ColumnElement[bool]:
    conditions = [within(*subject.days), rollup.c.currency == currency]
    conditions += [rollup.c.team == subject.team] if subject.team else []
    conditions += [agrees(explained_by(word), value) for word, value in subject.filters.items()]
    return and_(*conditions)


def _sums(
    connection: Connection, subject: Subject, currency: str, column: ColumnElement[Any]
) -> list[tuple[Any, Decimal]]:
    query = select(column, *cost_sums(subject.basis)).where(_rows_of(subject, currency)).group_by(column)
    return [(row[0], amounts(row, 1)[0]) for row in connection.execute(query)]


def _largest_first(sums: Sequence[tuple[str, Decimal]]) -> list[tuple[str, Decimal]]:
    return sorted(sums, key=lambda each: (each[1].copy_abs().copy_negate(), each[0]))


def _by_rule(lines: Sequence[DayLine]) -> tuple[RuleSum, ...]:
    costs: dict[str, list[Decimal]] = {}
    for line in lines:
        costs.setdefault(line.rule, []).append(line.cost)
    return tuple(RuleSum(*each) for each in _largest_first([(rule, total(of)) for rule, of in costs.items()]))
