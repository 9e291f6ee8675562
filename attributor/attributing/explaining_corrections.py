"""Why a correction was posted: the corrected day attributed as it was before, and as it is after."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from attributor.attributing.replaying import Archive, replay, replay_corrected
from attributor.ledger.corrections import Correction, corrections
from attributor.ledger.publications import publications
from attributor.ledger.tables import rollup
from rules.explain import explain
from rules.explanation import Explanation, Question


@dataclass(frozen=True)
class ExplainedCorrection:
    """A correction with what the team was given of the corrected day before and after; None where it had nothing."""

    correction: Correction
    before: Explanation | None
    after: Explanation


def explain_corrections(archive: Archive, question: Question, first: date, end: date) -> Iterator[ExplainedCorrection]:
    """Yield the corrections posted on [first, end) that gave the team something or took it, by corrected day."""
    posted = _posted(archive.engine, question, first, end)
    known = corrections(archive.engine) if posted else {}
    for day, of_day in known.items():
        for at, correction in enumerate(of_day):
            if (day, correction.posted_on) in posted:
                before = _corrected(archive, question, of_day[at - 1]) if at else _frozen(archive, question, day)
                yield ExplainedCorrection(correction, before, _corrected(archive, question, correction))


def _posted(engine: Engine, question: Question, first: date, end: date) -> set[tuple[date, date]]:
    """Return the corrected days and the days on which that was posted, as far as the question goes."""
    within = (rollup.c.day >= first) & (rollup.c.day < end) & (rollup.c.corrects != "")
    condition = within & (rollup.c.team == question.team)
    if question.service is not None:
        condition &= rollup.c.service == question.service
    with engine.connect() as connection:
        rows = connection.execute(select(rollup.c.corrected_day, rollup.c.day).where(condition).distinct())
        return {(row.corrected_day, row.day) for row in rows}


def _frozen(archive: Archive, question: Question, day: date) -> Explanation | None:
    if not publications(archive.engine, [day]):
        return None
    [replayed] = (explain(archive.connection, of.tables, of.ruleset, question) for of in replay(archive, [day]))
    return replayed


def _corrected(archive: Archive, question: Question, correction: Correction) -> Explanation:
    days = [(correction.day, correction.state)]
    [replayed] = (
        explain(archive.connection, of.tables, of.ruleset, question) for of in replay_corrected(archive, days)
    )
    return replayed
