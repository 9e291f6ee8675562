"""What rules that lean on a whole month need: each day's costs by owner after the first phase."""

import pyarrow as pa

from attributor.attributing.days import DayReading, OpenUsage, open_day, open_usage, reaches_over, widened
from attributor.periods import Month, month_of
from rules.month import PHASE_ONE_COSTS, needs_month, phase_one_costs


def month_costs(reading: DayReading, usage: OpenUsage, month: Month) -> tuple[pa.Table | None, OpenUsage]:
    """Return the costs of every day of the month that has charges, None where no rule leans on a month.

    With them comes the usage, wider where a day needed more than was there.
    """
    if not needs_month(reading.ruleset):
        return None, usage
    found = []
    for day in sorted({day for _, day in reading.inputs.charges if month_of(day) == month}):
        span = phase_one_costs(reading.connection, open_day(reading, usage, day), reading.ruleset)
        if span is not None and not reaches_over(usage, span):
            usage = open_usage(reading, widened(usage, span))
            phase_one_costs(reading.connection, open_day(reading, usage, day), reading.ruleset)
        found.append(reading.connection.table(PHASE_ONE_COSTS).to_arrow_table())
    return (pa.concat_tables(found) if found else None), usage
