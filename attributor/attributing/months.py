"""What rules that lean on a whole month need: each day's costs by owner after the first phase."""

from collections.abc import Iterable, Sequence
from datetime import date

import pyarrow as pa

from attributor.attributing.days import DayReading, OpenUsage, open_day, open_usage, reaches_over, widened
from attributor.attributing.inputs import Inputs
from attributor.periods import Month, month_of
from rules.month import PHASE_ONE_COSTS, needs_month, phase_one_costs


def month_costs(reading: DayReading, usage: OpenUsage, month: Month) -> tuple[pa.Table | None, OpenUsage]:
    """Return the costs of every day of the month that has charges, None where no rule leans on a month.

    With them comes the usage, wider where a day needed more than was there.
    """
    if not needs_month(reading.ruleset):
        return None, usage
    found, usage = costs_of_days(reading, usage, days_with_charges(reading.inputs, month))
    return joined(found), usage


def days_with_charges(inputs: Inputs, month: Month) -> tuple[date, ...]:
    """Return the days of a month that have charges, the oldest first."""
    return tuple(sorted({day for _, day in inputs.charges if month_of(day) == month}))


def costs_of_days(reading: DayReading, usage: OpenUsage, days: Iterable[date]) -> tuple[list[pa.Table], OpenUsage]:
    """Return each day's costs by owner after the first phase, and the usage as in `month_costs`."""
    found = []
    for day in days:
        span = phase_one_costs(reading.connection, open_day(reading, usage, day), reading.ruleset)
        if span is not None and not reaches_over(usage, span):
            usage = open_usage(reading, widened(usage, span))
            phase_one_costs(reading.connection, open_day(reading, usage, day), reading.ruleset)
        found.append(reading.connection.table(PHASE_ONE_COSTS).to_arrow_table())
    return found, usage


def joined(costs: Sequence[pa.Table]) -> pa.Table | None:
    """Return the costs of the days of a month as one table; None where there are none."""
    return pa.concat_tables(costs) if costs else None
