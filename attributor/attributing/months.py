"""What rules that lean on a whole month need: each day's pools, and its costs by owner after the first phase."""

from collections.abc import Iterable, Sequence
from datetime import date

import pyarrow as pa

from attributor.attributing.attributed import BegunDay, begin_day
from attributor.attributing.days import DayReading, OpenUsage, WholeMonth, open_day
from attributor.attributing.inputs import Inputs
from attributor.periods import Month, month_of
from rules.month import PHASE_ONE_COSTS, needs_costs, phase_one_costs, pool_costs
from rules.pools import POOL_COSTS, needs_pools


def whole_month(reading: DayReading, usage: OpenUsage, month: Month) -> tuple[WholeMonth, OpenUsage]:
    """Return what the rules need of every day of the month that has charges; nothing where none leans on a month.

    With it comes the usage, wider where a day needed more than was there. Pools come first: the costs of the first
    phase are worked out from them.
    """
    days = days_with_charges(reading.inputs, month)
    wanted = days if needs_pools(reading.ruleset) else ()
    pools = joined([pools_of_day(reading, usage, day) for day in wanted])
    if not needs_costs(reading.ruleset):
        return WholeMonth(pools=pools), usage
    found, usage = costs_of_days(reading, usage, days, pools)
    return WholeMonth(joined(found), pools), usage


def days_with_charges(inputs: Inputs, month: Month) -> tuple[date, ...]:
    """Return the days of a month that have charges, the oldest first."""
    return tuple(sorted({day for _, day in inputs.charges if month_of(day) == month}))


def costs_of_days(
    reading: DayReading, usage: OpenUsage, days: Iterable[date], pools: pa.Table | None
) -> tuple[list[pa.Table], OpenUsage]:
    """Return each day's costs by owner after the first phase, and the usage as in `whole_month`."""
    found = []
    for day in days:
        begun = begin_day(reading, usage, day, pools)
        usage = begun.usage
        found.append(costs_of_day(begun))
    return found, usage


def costs_of_day(day: BegunDay) -> pa.Table:
    """Return what the first phase gave each owner."""
    phase_one_costs(day.reading.connection, day.begun)
    return day.reading.connection.table(PHASE_ONE_COSTS).to_arrow_table()


def pools_of_day(reading: DayReading, usage: OpenUsage, day: date) -> pa.Table:
    """Return what the pools that are held over a month cost on a day; the usage is not looked at."""
    pool_costs(reading.connection, open_day(reading, usage, day, WholeMonth()), reading.ruleset)
    return reading.connection.table(POOL_COSTS).to_arrow_table()


def joined(tables: Sequence[pa.Table]) -> pa.Table | None:
    """Return what was found of the days of a month as one table; None where there are none."""
    return pa.concat_tables(tables) if tables else None
