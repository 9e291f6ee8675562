"""Days of a month, attributed: computed and written to the lake, but not yet committed, so that nobody sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from attributor.attributing.days import (
    DayReading,
    OpenUsage,
    WholeMonth,
    open_costs,
    open_day,
    open_usage,
    reaches_over,
    widened,
)
from attributor.attributing.rollups import rollup_rows, tag_rows, unmatched_rows
from attributor.attributing.usage_rows import UsageRows, usage_rows
from attributor.lake.day_files import DayFile, write_day
from rules.attribute import Attribution, Begun, begin, finish
from rules.hours import Span


@dataclass(frozen=True)
class AttributedDay:
    """What one UTC day came to, wherever it was computed.

    `files` hold its allocations, one a source of charges. `rollup`, `usage`, `hours`, `said`, `unmatched` and
    `tags` have the schemas of `attributor.ledger.published_rows`; `span` is the half-open usage that was needed, None
    where none was.
    """

    day: date
    files: tuple[DayFile, ...]
    rollup: pa.Table
    usage: pa.Table
    hours: pa.Table
    said: pa.Table
    unmatched: pa.Table
    tags: pa.Table
    warnings: tuple[str, ...]
    span: Span | None


@dataclass(frozen=True)
class BegunDay:
    """A day after the first phase, in a connection where nothing else is attributed until it is finished.

    `usage` is the one it was begun with: wider than what was given, where a charge reached further.
    """

    reading: DayReading
    usage: OpenUsage
    day: date
    begun: Begun


def begin_day(reading: DayReading, usage: OpenUsage, day: date, pools: pa.Table | None) -> BegunDay:
    """Do all that needs no costs of the month's other days; `pools` are those of `WholeMonth`."""
    found = _begun(reading, usage, day, pools)
    span = found.begun.span
    if span is None or reaches_over(usage, span):
        return found
    return _begun(reading, open_usage(reading, widened(usage, span)), day, pools)


def _begun(reading: DayReading, usage: OpenUsage, day: date, pools: pa.Table | None) -> BegunDay:
    tables = open_day(reading, usage, day, WholeMonth(pools=pools))
    return BegunDay(reading, usage, day, begin(reading.connection, tables, reading.ruleset))


def finish_attribution(begun: BegunDay, costs: pa.Table | None) -> Attribution:
    """Attribute the day in its connection alone; `costs` are those of `WholeMonth`."""
    reading = begun.reading
    return finish(reading.connection, begun.begun, reading.ruleset, open_costs(reading, costs))


def finish_day(begun: BegunDay, costs: pa.Table | None, used: UsageRows) -> AttributedDay:
    """Attribute the day and write its allocations; `used` is of the day. Nothing but new files is changed."""
    reading, day = begun.reading, begun.day
    attribution = finish_attribution(begun, costs)
    return AttributedDay(
        day=day,
        files=write_day(reading.lake, reading.connection, "allocations", attribution.allocations, day),
        rollup=rollup_rows(reading.connection, attribution.allocations),
        usage=used.rollup,
        hours=used.hours,
        said=used.said,
        unmatched=unmatched_rows(attribution.unmatched),
        tags=tag_rows(reading.connection, attribution.tags),
        warnings=attribution.warnings,
        span=attribution.span,
    )


def attribute_days(
    reading: DayReading, usage: OpenUsage, days: Sequence[date], whole: WholeMonth
) -> Iterator[AttributedDay]:
    """Attribute days one after the other and write their allocations; yield each once its files are there.

    `whole` is of the days' month. A day done twice, or left in the middle, does no harm.
    """
    used = usage_rows(reading.connection, usage.table, days)
    for day in days:
        begun = begin_day(reading, usage, day, whole.pools)
        usage = begun.usage
        yield finish_day(begun, whole.costs, used[day])
