"""Collected tables, opened for the rules: a batch of days shares its usage, each day brings its charges."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

import duckdb
import pyarrow as pa

from attributor.attributing.inputs import LOOK_BACK, Inputs
from attributor.attributing.usage_details import SAID
from attributor.lake.columns import read_columns
from attributor.lake.lake import Lake
from attributor.lake.views import MissingVersionError, Pin, open_view, pinned_files
from attributor.periods import month_of, start_of
from collectors.base import Window
from rules.attribute import DayTables
from rules.collapse import CHECKED_COLUMNS, takes_columns
from rules.hours import Span
from rules.judged import Memory
from rules.month import needs_month
from rules.ruleset import RuleSet
from rules.usage import resolve_usage

_CHARGES, _USAGE, _COVERAGE = "charges", "usage", "coverage"
_MONTH_COSTS, _MONTH_POOLS = "month_costs", "month_pools"
USAGE_FACTS = ("model", *(name for names in SAID.values() for name in names))
"""The facts that the sums of usage keep."""


@dataclass(frozen=True)
class DayReading:
    """What days are read with: the lake, the engine that computes, the rules in use, what is collected."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    ruleset: RuleSet
    inputs: Inputs
    answers: Memory = field(default_factory=dict, repr=False, compare=False)
    """What the rules said of the last day's values, for the next day."""
    counts: bool = False
    """Whether the charges behind costs are counted, for explanations; it takes longer."""
    whole_charges: bool = False
    """Whether days are opened with every column of their charges, for who looks at charges one by one afterwards."""


@dataclass(frozen=True)
class OpenUsage:
    """Usage with its owners in the connection, and the half-open whole days of it that are there."""

    table: str
    days: Window


@dataclass(frozen=True)
class WholeMonth:
    """What days are given of all days of their month, where rules lean on them: as `DayTables` wants them."""

    costs: pa.Table | None = None
    pools: pa.Table | None = None


def usage_for(reading: DayReading, days: Collection[date]) -> Window:
    """Return the usage that a batch of days is likely to need: more is read again where a charge reaches further."""
    if needs_month(reading.ruleset):
        return usage_around((month_of(min(days)).first, month_of(max(days)).end))
    return usage_around(days)


def usage_around(days: Collection[date]) -> Window:
    """Return the usage from a week before the first day until a day after the last."""
    return Window(start_of(min(days)) - LOOK_BACK, start_of(max(days)) + timedelta(days=2))


def open_usage(reading: DayReading, days: Window, kept: Sequence[str] = (), *, shared: bool = False) -> OpenUsage:
    """Give every usage row of the days its owner, once; `kept` are further columns of the rows to keep.

    What is shared is there for every cursor of the connection.
    """
    first, end = days.start.date(), days.end.date()
    pins = [
        Pin(source, day, found.version) for (source, day), found in reading.inputs.usage.items() if first <= day < end
    ]
    _open_whole(reading, _USAGE, ("usage", None), pins)
    resolved = resolve_usage(reading.connection, _USAGE, reading.ruleset, USAGE_FACTS, kept, shared=shared)
    return OpenUsage(resolved, days)


def reaches_over(usage: OpenUsage, span: Span | None) -> bool:
    """Say whether the usage that is there holds all that was needed."""
    return span is None or (usage.days.start <= span.start and span.end <= usage.days.end)


def widened(usage: OpenUsage, span: Span) -> Window:
    """Return whole days that hold the span as well."""
    start = min(usage.days.start, start_of(span.start.date()))
    return Window(start, max(usage.days.end, start_of(span.end.date() + timedelta(days=1))))


def no_usage(reading: DayReading, day: date) -> OpenUsage:
    """Open no usage at all, for what looks at a day's charges alone."""
    return open_usage(reading, Window(start_of(day), start_of(day)))


def open_day(reading: DayReading, usage: OpenUsage, day: date, whole: WholeMonth) -> DayTables:
    """Open a day's charges beside the usage and what it is given of its whole month."""
    pins = [Pin(source, day, found.version) for (source, of), found in reading.inputs.charges.items() if of == day]
    by_columns = not reading.counts and takes_columns(reading.ruleset)
    opened = CHECKED_COLUMNS if by_columns and not reading.whole_charges else None
    _open_whole(reading, _CHARGES, ("charges", opened), pins)
    reading.connection.register(_COVERAGE, _coverage(reading.inputs))
    costs, pools = open_costs(reading, whole.costs), _registered(reading, _MONTH_POOLS, whole.pools)
    columns = partial(read_columns, reading.lake, "charges", pins) if by_columns else None
    return DayTables(_CHARGES, usage.table, _COVERAGE, costs, pools, columns, reading.answers)


def open_costs(reading: DayReading, costs: pa.Table | None) -> str | None:
    """Put what the days of the month cost each owner into the connection; return its name there."""
    return _registered(reading, _MONTH_COSTS, costs)


def _registered(reading: DayReading, name: str, table: pa.Table | None) -> str | None:
    if table is None:
        return None
    reading.connection.register(name, table)
    return name


def _open_whole(
    reading: DayReading, name: str, wanted: tuple[str, Collection[str] | None], pins: Collection[Pin]
) -> None:
    """Open collected days, each of which has rows: a lake of another ledger must not pass for a day that cost nothing.

    Wanted are a table and its columns, None for all of them.
    Raises MissingVersionError.
    """
    table, columns = wanted
    there = set(pinned_files(reading.lake, table, pins).values())
    for pin in pins:
        if (pin.source, pin.day) not in there:
            raise MissingVersionError(f"version {pin.version} of {table} has no rows of {pin.source} on {pin.day}")
    open_view(reading.lake, reading.connection, name, table, pins, columns)


def _coverage(inputs: Inputs) -> pa.Table:
    rows = [(source, span.start, span.end) for source, spans in inputs.coverage.items() for span in spans]
    instant = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "source": pa.array([row[0] for row in rows], pa.string()),
            "start": pa.array([row[1] for row in rows], instant),
            "end": pa.array([row[2] for row in rows], instant),
        }
    )
