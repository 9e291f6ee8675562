"""Why a team was given an amount: each published day attributed anew, by the rules and versions it was published by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from attributor.attributing.replaying import Archive, replay
from attributor.ledger.tables import rollup
from rules.explain import explain
from rules.explanation import Explanation, Question


@dataclass(frozen=True)
class ExplainedDay:
    """One published UTC day and the rules that it was attributed by."""

    day: date
    rules_digest: str
    explanation: Explanation


def explain_days(archive: Archive, question: Question, first: date, end: date) -> Iterator[ExplainedDay]:
    """Yield the published days of [first, end) on which the team was given something, the oldest first."""
    for replayed in replay(archive, _days_with_costs(archive.engine, question, first, end)):
        explanation = explain(archive.connection, replayed.tables, replayed.ruleset, question)
        yield ExplainedDay(replayed.day, replayed.ruleset.digest, explanation)


def _days_with_costs(engine: Engine, question: Question, first: date, end: date) -> list[date]:
    own = (rollup.c.day >= first) & (rollup.c.day < end) & (rollup.c.corrects == "")
    condition = own & (rollup.c.team == question.team)
    if question.service is not None:
        condition &= rollup.c.service == question.service
    with engine.connect() as connection:
        return list(connection.scalars(select(rollup.c.day).where(condition).distinct().order_by(rollup.c.day)))
