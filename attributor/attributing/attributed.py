"""Days of a month, attributed: computed and written to the lake, but not yet committed, so that nobody sees them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from attributor.attributing.days import DayReading, OpenUsage, WholeMonth, open_day, open_usage, reaches_over, widened
from attributor.attributing.rollups import rollup_rows, tag_rows, unmatched_rows, usage_rollup_rows
from attributor.lake.day_files import DayFile, write_day
from rules.attribute import Attribution, attribute
from rules.hours import Span


@dataclass(frozen=True)
class AttributedDay:
    """What one UTC day came to, wherever it was computed.

    `files` hold its allocations, one a source of charges. `rollup`, `usage`, `unmatched` and `tags` have the schemas of
    `attributor.ledger.published_rows`; `span` is the half-open usage that was needed, None where none was.
    """

    day: date
    files: tuple[DayFile, ...]
    rollup: pa.Table
    usage: pa.Table
    unmatched: pa.Table
    tags: pa.Table
    warnings: tuple[str, ...]
    span: Span | None


def attribute_days(
    reading: DayReading, usage: OpenUsage, days: Iterable[date], whole: WholeMonth
) -> Iterator[AttributedDay]:
    """Attribute days one after the other and write their allocations; yield each once its files are there.

    `whole` is of the days' month. Nothing but new files is changed: a day done twice, or left in the middle, does no
    harm.
    """
    for day in days:
        attribution, usage = attribute_day(reading, usage, day, whole)
        yield AttributedDay(
            day=day,
            files=write_day(reading.lake, reading.connection, "allocations", attribution.allocations, day),
            rollup=rollup_rows(reading.connection, attribution.allocations),
            usage=usage_rollup_rows(reading.connection, usage.table, day),
            unmatched=unmatched_rows(attribution.unmatched),
            tags=tag_rows(reading.connection, attribution.tags),
            warnings=attribution.warnings,
            span=attribution.span,
        )


def attribute_day(reading: DayReading, usage: OpenUsage, day: date, whole: WholeMonth) -> tuple[Attribution, OpenUsage]:
    """Attribute a day in the connection alone; return with it the usage, wider where a charge reached further."""
    attribution = attribute(reading.connection, open_day(reading, usage, day, whole), reading.ruleset)
    span = attribution.span
    if span is None or reaches_over(usage, span):
        return attribution, usage
    wider = open_usage(reading, widened(usage, span))
    return attribute(reading.connection, open_day(reading, wider, day, whole), reading.ruleset), wider
