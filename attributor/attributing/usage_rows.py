"""What the usage of days sums to, asked of all of them at once: a question costs more than its answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from attributor.attributing.rollups import usage_rollup_rows
from attributor.attributing.usage_details import usage_fact_rows, usage_hour_rows


@dataclass(frozen=True)
class UsageRows:
    """The usage of one UTC day: USAGE_ROLLUP, USAGE_HOURS and USAGE_BY_FACT of `published_rows`."""

    rollup: pa.Table
    hours: pa.Table
    said: pa.Table


def usage_rows(connection: duckdb.DuckDBPyConnection, usage: str, days: Collection[date]) -> Mapping[date, UsageRows]:
    """Return what the usage of each day sums to; `usage` has its owners, and every row of these days."""
    found = (ask(connection, usage, days) for ask in (usage_rollup_rows, usage_hour_rows, usage_fact_rows))
    rollup, hours, said = (_by_day(rows, days) for rows in found)
    return {day: UsageRows(rollup[day], hours[day], said[day]) for day in days}


def _by_day(rows: pa.Table, days: Collection[date]) -> dict[date, pa.Table]:
    own = rows.column("x_Day")
    plain = rows.drop_columns(["x_Day"])
    return {day: plain.filter(pc.equal(own, pa.scalar(day, own.type))) for day in days}
