"""One day from its collected charges and usage to its publication: the unit of work, alone repeatable."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import pyarrow as pa
from sqlalchemy import Engine

from attributor.attributing.days import DayReading, open_day, tables_with
from attributor.attributing.inputs import Inputs, inputs_digest, rules_of, sources_of, usage_days
from attributor.attributing.rollups import rollup_rows, unmatched_rows, usage_rollup_rows
from attributor.lake.lake import replace
from attributor.ledger.lease import Lease
from attributor.ledger.publications import DayPublication, RuleSetText, SourcePublication, publish_day
from collectors.base import Window
from rules.attribute import Attribution, attribute
from rules.ruleset import RuleSet
from rules.usage import resolve_usage

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


def attribute_day(
    workshop: Workshop, inputs: Inputs, day: date, costs: pa.Table | None, now: datetime
) -> tuple[str, ...]:
    """Attribute and publish one UTC day; return the warnings.

    `costs` are the month's by day (see `months`), None where no rule leans on them. Raises LeaseLostError, with
    nothing published, where another leader took over.
    """
    span = open_day(workshop.reading, inputs, day)
    tables = tables_with(workshop.connection, costs)
    attribution = attribute(workshop.connection, tables, workshop.ruleset)
    usage = resolve_usage(workshop.connection, tables.usage, workshop.ruleset, day)
    charge_sources = sorted(source for source, found in inputs.charges if found == day)
    version = _store(workshop, attribution, [(source, day) for source in charge_sources])
    publication = DayPublication(
        day=day,
        rules=RuleSetText(workshop.ruleset.digest, workshop.ruleset.text),
        sources=_sources(workshop.ruleset, inputs, day, span, version),
        rollup=rollup_rows(workshop.connection, attribution.allocations),
        usage=usage_rollup_rows(workshop.connection, usage, day),
        unmatched=unmatched_rows(attribution.unmatched),
    )
    publish_day(workshop.engine, workshop.lease, publication, now)
    return attribution.warnings


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
