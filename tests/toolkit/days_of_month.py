"""Charges of one month attributed day by day, as the program does it: pools first, then costs, then each day."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa

from rules.attribute import Attribution, DayTables, attribute, begin
from rules.month import PHASE_ONE_COSTS, needs_costs, phase_one_costs, pool_costs
from rules.pools import POOL_COSTS, needs_pools
from rules.ruleset import RuleSet


def each_day(engine: Any, ruleset: RuleSet, charges: Iterable[Mapping[str, Any]], *args: Any) -> Iterator[Attribution]:
    """Yield what each day comes to, by the engine of the tests of rules; each result holds until the next."""
    listed, connection = list(charges), engine.connection
    days = sorted({charge["ChargePeriodStart"].date() for charge in listed})

    def opened(day: date, **given: str | None) -> DayTables:
        of_day = [charge for charge in listed if charge["ChargePeriodStart"].date() == day]
        return replace(engine.resolved(engine.tables(of_day, *args), ruleset), **given)

    def costs_of(connection: Any, tables: DayTables, ruleset: RuleSet) -> None:
        phase_one_costs(connection, begin(connection, tables, ruleset))

    def gathered(made: str, make: Callable[..., object], **given: str | None) -> str:
        found = []
        for day in days:
            make(connection, opened(day, **given), ruleset)
            found.append(connection.table(made).to_arrow_table())
        connection.register(f"month_of_{made}", pa.concat_tables(found))
        return f"month_of_{made}"

    pools = gathered(POOL_COSTS, pool_costs) if needs_pools(ruleset) else None
    costs = gathered(PHASE_ONE_COSTS, costs_of, month_pools=pools) if needs_costs(ruleset) else None
    for day in days:
        yield attribute(connection, opened(day, month_costs=costs, month_pools=pools), ruleset)
