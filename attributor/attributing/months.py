"""What rules that lean on a whole month need: each day's costs by owner after the first phase."""

import pyarrow as pa

from attributor.attributing.days import TABLES, DayReading, open_day
from attributor.attributing.inputs import Inputs
from attributor.periods import Month, month_of
from rules.month import needs_month, phase_one_costs


def month_costs(reading: DayReading, inputs: Inputs, month: Month) -> pa.Table | None:
    """Return the costs of every day of the month that has charges; None where no rule leans on a month."""
    if not needs_month(reading.ruleset):
        return None
    found = []
    for day in sorted({day for _, day in inputs.charges if month_of(day) == month}):
        open_day(reading, inputs, day)
        costs = phase_one_costs(reading.connection, TABLES, reading.ruleset)
        found.append(reading.connection.table(costs).to_arrow_table())
    return pa.concat_tables(found) if found else None
