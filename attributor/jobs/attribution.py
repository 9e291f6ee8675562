"""Attributing what is out of date: open months anew, closed ones as corrections."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import groupby

from attributor.attributing.attribute import DayWork, Workshop, attribute_month
from attributor.attributing.correcting import correct_month
from attributor.attributing.days import DayReading
from attributor.attributing.outdated import Outdated, find_outdated
from attributor.attributing.replaying import restored
from attributor.ingest.progress import Progress
from attributor.jobs.cycle import Works
from attributor.periods import month_of


@dataclass(frozen=True)
class Attributed:
    """The UTC days of open months that were attributed, those of closed months that were corrected, and warnings."""

    days: tuple[date, ...]
    corrected: tuple[date, ...]
    warnings: tuple[str, ...]


def attribute_outdated(works: Works, progress: Progress) -> Attributed:
    """Attribute every day whose inputs changed, the oldest month first; warnings are distinct.

    Closed months come last: what is posted for them enters an open month beside what that has of its own.
    """
    outdated = find_outdated(works.engine, works.ruleset)
    if not outdated.days and not outdated.closed:
        return Attributed((), (), ())
    warnings: dict[str, None] = {}
    with works.day_work() as work:
        for said in _done(works, outdated, work):
            warnings.update(dict.fromkeys(said))
            progress.advance()
    corrected = tuple(day for days in outdated.closed.values() for day in days)
    return Attributed(outdated.days, corrected, tuple(warnings))


def _done(works: Works, outdated: Outdated, work: DayWork) -> Iterator[tuple[str, ...]]:
    lake = replace(works.lake, known={}, opened={})
    reading = DayReading(lake, works.connection, works.ruleset, outdated.inputs)
    workshop = Workshop(reading, works.engine, works.lease, work)
    for month, days in groupby(outdated.days, key=month_of):
        yield from attribute_month(workshop, month, list(days), works.clock)

    @cache
    def workshop_by(digest: str) -> Workshop:
        return replace(workshop, reading=replace(reading, ruleset=restored(works.engine, digest)))

    for month, of_month in outdated.closed.items():
        rules_digest = outdated.statements[month].rules_digest
        yield from correct_month(workshop_by(rules_digest), month, of_month, works.clock)
