"""Why a correction was posted: the corrected day attributed as it was before, and as it is after."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from attributor.attributing.explaining import Asked, ExplainedDay
from attributor.attributing.replaying import Archive, ReplayedDay, replay, replay_corrected
from attributor.ledger.corrections import Correction, corrections
from attributor.ledger.publications import publications
from attributor.ledger.tables import rollup
from rules.explain import explain


@dataclass(frozen=True)
class ExplainedCorrection:
    """A correction with what the team was given of the corrected day before and after; None where it had nothing."""

    correction: Correction
    before: ExplainedDay | None
    after: ExplainedDay


def explain_corrections(archive: Archive, asked: Asked, first: date, end: date) -> Iterator[ExplainedCorrection]:
    """Yield the corrections posted on [first, end) that gave the team something or took it, by corrected day."""
    posted = _posted(archive.engine, asked, first, end)
    known = corrections(archive.engine) if posted else {}
    for day, of_day in known.items():
        for at, correction in enumerate(of_day):
            if (day, correction.posted_on) in posted:
                before = _corrected(archive, asked, of_day[at - 1]) if at else _frozen(archive, asked, day)
                yield ExplainedCorrection(correction, before, _corrected(archive, asked, correction))


def _posted(engine: Engine, asked: Asked, first: date, end: date) -> set[tuple[date, date]]:
    """Return the corrected days and the days on which that was posted, as far as the question goes."""
    within = (rollup.c.day >= first) & (rollup.c.day < end) & (rollup.c.corrects != "")
    with engine.connect() as connection:
        rows = connection.execute(select(rollup.c.corrected_day, rollup.c.day).where(within & asked.rows).distinct())
        return {(row.corrected_day, row.day) for row in rows}


def _frozen(archive: Archive, asked: Asked, day: date) -> ExplainedDay | None:
    if not publications(archive.engine, [day]):
        return None
    [found] = (_explained(archive, asked, of) for of in replay(archive, [day], counts=True))
    return found


def _corrected(archive: Archive, asked: Asked, correction: Correction) -> ExplainedDay:
    days = [(correction.day, correction.state)]
    [found] = (_explained(archive, asked, of) for of in replay_corrected(archive, days))
    return found


def _explained(archive: Archive, asked: Asked, of: ReplayedDay) -> ExplainedDay:
    explanation = explain(archive.connection, of.tables, of.ruleset, asked.question)
    return ExplainedDay(of.day, of.ruleset.digest, explanation)
