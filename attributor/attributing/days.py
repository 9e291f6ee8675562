"""A day's collected tables, opened as views for the rules."""

from dataclasses import dataclass, replace
from datetime import date

import duckdb
import pyarrow as pa

from attributor.attributing.inputs import Inputs, usage_days
from attributor.lake.lake import Lake
from attributor.lake.views import Pin, open_view
from collectors.base import Window
from rules.attribute import DayTables, usage_span
from rules.ruleset import RuleSet

TABLES = DayTables(charges="charges", usage="usage", coverage="coverage")
_MONTH_COSTS = "month_costs"


@dataclass(frozen=True)
class DayReading:
    """What a day is read with: the lake, the engine that computes, the rules in use."""

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    ruleset: RuleSet


def open_day(reading: DayReading, inputs: Inputs, day: date) -> Window | None:
    """Open the day's charges, the usage they need and its coverage as `TABLES`; return the span of that usage."""
    connection = reading.connection
    charges = [Pin(source, day, found.version) for (source, of), found in inputs.charges.items() if of == day]
    open_view(reading.lake, connection, TABLES.charges, "charges", charges)
    span = usage_span(connection, TABLES.charges, reading.ruleset)
    window = None if span is None else Window(span.start, span.end)
    pins = [Pin(source, of, found.version) for (source, of), found in usage_days(inputs, window, day).items()]
    open_view(reading.lake, connection, TABLES.usage, "usage", pins)
    connection.register(TABLES.coverage, _coverage(inputs))
    return window


def tables_with(connection: duckdb.DuckDBPyConnection, costs: pa.Table | None) -> DayTables:
    """Return `TABLES` with the costs of the whole month, where there are any to lean on."""
    if costs is None:
        return TABLES
    connection.register(_MONTH_COSTS, costs)
    return replace(TABLES, month_costs=_MONTH_COSTS)


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
