"""One day from its collected charges and usage to its publication: the unit of work, alone repeatable."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from sqlalchemy import Engine

from attributor.attributing.attributed import AttributedDay
from attributor.attributing.days import DayReading
from attributor.attributing.inputs import Inputs, inputs_digest, rules_of_day, sources_of, usage_days, versions_of
from attributor.lake.commits import commit_day
from attributor.lake.lake import Lake
from attributor.ledger.lease import Lease
from attributor.ledger.publications import DayPublication, RuleSetText, SourcePublication, publish_day
from attributor.ledger.statements import ClosingChangedError
from attributor.periods import Month
from collectors.base import Window
from rules.daily.digest import DailyRules, daily

Clock = Callable[[], datetime]
NO_VERSION = -1
"""The version of charges and allocations of a usage source, which has none."""

DayWork = Callable[[DayReading, Month, Sequence[date]], Iterator[AttributedDay]]
"""Who computes the days of a month: yields them in their order, each with its files written and nothing committed."""


@dataclass(frozen=True)
class Workshop:
    """What a day is attributed and published with."""

    reading: DayReading
    engine: Engine
    lease: Lease
    work: DayWork


def attribute_month(workshop: Workshop, month: Month, days: Sequence[date], clock: Clock) -> Iterator[tuple[str, ...]]:
    """Attribute and publish days of a month, one after the other; yield each day's warnings.

    Raises LeaseLostError where another leader took over: days published before stand, the others are untouched.
    """
    rules = daily(workshop.reading.ruleset)
    for attributed in workshop.work(workshop.reading, month, days):
        yield done_unless_closing_changed(attributed, partial(_publish, workshop, rules, attributed, clock()))


def done_unless_closing_changed(attributed: AttributedDay, write: Callable[[], object]) -> tuple[str, ...]:
    """Write a day; return its warnings. What a closing overtook is left, and found again by the next run."""
    try:
        write()
    except ClosingChangedError as error:
        return (*attributed.warnings, f"{error}; the next run finds what is left to do")
    return attributed.warnings


def _publish(workshop: Workshop, rules: DailyRules, attributed: AttributedDay, now: datetime) -> None:
    """Commit the day's files and say so in the ledger: between the two nobody sees them."""
    reading = workshop.reading
    version = committed(reading.lake, attributed, now)
    publication = DayPublication(
        day=attributed.day,
        rules=RuleSetText(reading.ruleset.digest, reading.ruleset.text),
        sources=_sources(rules, reading.inputs, attributed, version),
        rollup=attributed.rollup,
        usage=attributed.usage,
        hours=attributed.hours,
        said=attributed.said,
        unmatched=attributed.unmatched,
        tags=attributed.tags,
    )
    publish_day(workshop.engine, workshop.lease, publication, now)


def committed(lake: Lake, attributed: AttributedDay, now: datetime) -> int:
    """Commit the day's files, for whoever names the returned version; nobody does yet."""
    if not attributed.files:
        return NO_VERSION
    return commit_day(lake, "allocations", attributed.day, attributed.files, now)


def _sources(
    rules: DailyRules, inputs: Inputs, attributed: AttributedDay, version: int
) -> tuple[SourcePublication, ...]:
    day = attributed.day
    span = None if attributed.span is None else Window(attributed.span.start, attributed.span.end)
    versions = versions_of(usage_days(inputs, span, day))
    said = rules_of_day(rules, day, span)
    digest = inputs_digest(inputs, day, span, said)
    return tuple(
        SourcePublication(
            source=source,
            charges_version=inputs.charges[source, day].version if (source, day) in inputs.charges else NO_VERSION,
            allocations_version=version if (source, day) in inputs.charges else NO_VERSION,
            usage_versions=versions,
            usage_start=None if span is None else span.start,
            usage_end=None if span is None else span.end,
            inputs_digest=digest,
            day_rules=said.digest,
        )
        for source in sorted(sources_of(inputs, day))
    )
