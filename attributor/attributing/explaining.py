"""Why a team was given an amount: each published day attributed anew, by the rules and versions it was published by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Engine, select

from attributor.attributing.replaying import Archive, replay
from attributor.ledger.tables import rollup
from rules.explain import explain
from rules.explanation import Explanation, Question

FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "service": "ServiceName",
        "project": "project",
        "environment": "environment",
        "cost_center": "cost_center",
        "provider": "ProviderName",
        "account": "SubAccountId",
        "model": "Model",
        "source": "x_Source",
        "category": "ChargeCategory",
        "rule": "rule",
    }
)
"""What an amount can be asked about further: the word that reports use, and the allocations' column."""

FURTHER: Mapping[str, str] = MappingProxyType({"idle_cause": "idle_cause", "x_Basis": "x_Basis"})
"""The same of what costs are not grouped by: why capacity stood idle, and `billed` or `estimated`.

No dimension of the user's own can be called so.
"""

GIVEN = "(given)"
"""As the value of a filter: any value at all."""

_ROLLED_UP = MappingProxyType(
    {**{word: rollup.c[word] for word in (*FILTERS, "idle_cause")}, "x_Basis": rollup.c.basis}
)


@dataclass(frozen=True)
class Asked:
    """Which amount of a team is asked about: that of the charges that agree in every filter.

    `filters` has the words of FILTERS and FURTHER and the names of configured dimensions; "" is none given, GIVEN any.
    """

    team: str
    filters: Mapping[str, str]

    @property
    def question(self) -> Question:
        """The question that it is to the rules."""
        columns = {**FILTERS, **FURTHER}
        asked = ((word, None if value == GIVEN else value) for word, value in self.filters.items())
        return Question(self.team, tuple((columns.get(word, f"dimensions.{word}"), value) for word, value in asked))

    @property
    def rows(self) -> ColumnElement[bool]:
        """The rollup rows that it may be made of: those of configured dimensions are not told apart."""
        condition = rollup.c.team == self.team
        for word, value in self.filters.items():
            if word in _ROLLED_UP:
                condition &= agrees(_ROLLED_UP[word], value)
        return condition


@dataclass(frozen=True)
class ExplainedDay:
    """One published UTC day and the rules that it was attributed by."""

    day: date
    rules_digest: str
    explanation: Explanation


def agrees(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    """Return the condition that a column has the value of a filter."""
    return column != "" if value == GIVEN else column == value


def explain_days(archive: Archive, asked: Asked, first: date, end: date) -> Iterator[ExplainedDay]:
    """Yield the published days of [first, end) on which the team was given something, the oldest first."""
    for replayed in replay(archive, _days_with_costs(archive.engine, asked, first, end), counts=True):
        explanation = explain(archive.connection, replayed.tables, replayed.ruleset, asked.question)
        yield ExplainedDay(replayed.day, replayed.ruleset.digest, explanation)


def _days_with_costs(engine: Engine, asked: Asked, first: date, end: date) -> list[date]:
    """Return the days to attribute anew; the ledger's own columns leave out those that have nothing of it."""
    condition = (rollup.c.day >= first) & (rollup.c.day < end) & (rollup.c.corrects == "") & asked.rows
    with engine.connect() as connection:
        return list(connection.scalars(select(rollup.c.day).where(condition).distinct().order_by(rollup.c.day)))
