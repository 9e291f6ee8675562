"""One day from its collected charges and usage to its publication: the unit of work, alone repeatable."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import pyarrow as pa
from sqlalchemy import Engine

from attributor.attributing.days import DayReading, OpenUsage, open_day, open_usage, reaches_over, usage_for, widened
from attributor.attributing.inputs import Inputs, inputs_digest, rules_of, sources_of, usage_days
from attributor.attributing.months import month_costs
from attributor.attributing.rollups import rollup_rows, unmatched_rows, usage_rollup_rows
from attributor.lake.lake import replace
from attributor.ledger.lease import Lease
from attributor.ledger.publications import DayPublication, RuleSetText, SourcePublication, publish_day
from attributor.periods import Month
from collectors.base import Window
from rules.attribute import Attribution, attribute
from rules.ruleset import RuleSet

Clock = Callable[[], datetime]
NO_VERSION = -1
"""The version of charges and allocations of a usage source, which has none."""


@dataclass(frozen=True)
class Workshop:
    """What a day is attributed and published with."""

    reading: DayReading
    engine: Engine
    lease: Lease

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The engine that computes."""
        return self.reading.connection

    @property
    def ruleset(self) -> RuleSet:
        """The rules in use."""
        return self.reading.ruleset


@dataclass(frozen=True)
class Batch:
    """What the days of a month share: their usage, and the month's costs where rules lean on them."""

    usage: OpenUsage
    costs: pa.Table | None


def attribute_month(workshop: Workshop, month: Month, days: Sequence[date], clock: Clock) -> Iterator[tuple[str, ...]]:
    """Attribute and publish days of a month, one after the other; yield each day's warnings.

    Raises LeaseLostError where another leader took over: days published before stand, the others are untouched.
    """
    usage = open_usage(workshop.reading, usage_for(workshop.reading, days))
    costs, usage = month_costs(workshop.reading, usage, month)
    batch = Batch(usage, costs)
    for day in days:
        attribution, batch = _attributed(workshop.reading, batch, day)
        _publish(workshop, batch, day, attribution, clock())
        yield attribution.warnings


def _attributed(reading: DayReading, batch: Batch, day: date) -> tuple[Attribution, Batch]:
    tables = open_day(reading, batch.usage, day, batch.costs)
    attribution = attribute(reading.connection, tables, reading.ruleset)
    span = attribution.span
    if span is None or reaches_over(batch.usage, span):
        return attribution, batch
    wider = Batch(open_usage(reading, widened(batch.usage, span)), batch.costs)
    return attribute(reading.connection, open_day(reading, wider.usage, day, wider.costs), reading.ruleset), wider


def _publish(workshop: Workshop, batch: Batch, day: date, attribution: Attribution, now: datetime) -> None:
    inputs = workshop.reading.inputs
    charge_sources = sorted(source for source, found in inputs.charges if found == day)
    version = _store(workshop, attribution, [(source, day) for source in charge_sources])
    span = None if attribution.span is None else Window(attribution.span.start, attribution.span.end)
    publication = DayPublication(
        day=day,
        rules=RuleSetText(workshop.ruleset.digest, workshop.ruleset.text),
        sources=_sources(workshop.ruleset, inputs, day, span, version),
        rollup=rollup_rows(workshop.connection, attribution.allocations),
        usage=usage_rollup_rows(workshop.connection, batch.usage.table, day),
        unmatched=unmatched_rows(attribution.unmatched),
    )
    publish_day(workshop.engine, workshop.lease, publication, now)


def _store(workshop: Workshop, attribution: Attribution, partitions: Collection[tuple[str, date]]) -> int:
    if not partitions:
        return NO_VERSION
    rows = workshop.connection.table(attribution.allocations).to_arrow_reader(65_536)
    return replace(workshop.reading.lake, "allocations", partitions, rows)


def _sources(
    ruleset: RuleSet, inputs: Inputs, day: date, span: Window | None, version: int
) -> tuple[SourcePublication, ...]:
    versions: dict[str, dict[date, int]] = {}
    for (source, of), found in sorted(usage_days(inputs, span, day).items()):
        versions.setdefault(source, {})[of] = found.version
    digest = inputs_digest(inputs, day, span, rules_of(ruleset))
    return tuple(
        SourcePublication(
            source=source,
            charges_version=inputs.charges[source, day].version if (source, day) in inputs.charges else NO_VERSION,
            allocations_version=version if (source, day) in inputs.charges else NO_VERSION,
            usage_versions=versions,
            usage_start=None if span is None else span.start,
            usage_end=None if span is None else span.end,
            inputs_digest=digest,
        )
        for source in sorted(sources_of(inputs, day))
    )
