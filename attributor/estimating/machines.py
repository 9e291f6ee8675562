"""What a GPU hour of a machine costs by the bill: its charges over the GPU hours that it had, in the days before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import duckdb

from attributor.config.settings import Price
from attributor.estimating.due import target_of
from attributor.estimating.rates import LARGEST, GpuRate
from collectors.schema import CHARGES
from rules.facts import charge_fact, usage_fact
from rules.match import condition
from rules.matchers import EVERYTHING, columns_of
from rules.sql import literal, units_of

_FINEST = Decimal("1e-9")


@dataclass(frozen=True)
class Lookup:
    """The views of usage and of bills in which rates are looked up.

    `billed` are, by the place of a price and the day that is estimated, the days before it whose bill is complete.
    """

    usage: str
    bill: str
    billed: Mapping[tuple[int, date], tuple[date, ...]]


@dataclass(frozen=True)
class Machine:
    """How usage names a machine; a name is "" where it says none."""

    instance: str
    node: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its names as a bill may have them, in small letters, the best first."""
        plain = (self.instance, self.node, self.node.partition(".")[0])
        return tuple(dict.fromkeys(name.lower() for name in plain if name))


class BilledMachines:
    """The costs of machines by price, and their GPU hours, day by day; in 1e-12 units."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, prices: Sequence[Price], lookup: Lookup) -> None:
        self._prices = prices
        self._billed = lookup.billed
        self._hours = _hours(connection, lookup.usage)
        numbers = sorted({number for number, _ in lookup.billed})
        self._costs = {number: _costs(connection, prices[number], lookup.bill) for number in numbers}

    def rate(self, number: int, day: date, machine: Machine) -> GpuRate | None:
        """Return what a GPU hour of a machine cost on the days before that have both; None where none has."""
        costs = self._costs.get(number, {})
        days = self._billed.get((number, day), ())
        name = next((name for name in machine.names if any((name, before) in costs for before in days)), None)
        if name is None:
            return None
        both = [before for before in days if (name, before) in costs and (name, before) in self._hours]
        hours = sum(self._hours[name, before] for before in both)
        cost = sum(costs[name, before] for before in both)
        if not 0 < cost < LARGEST * hours:
            return None
        amount = _rounded(Fraction(cost, hours))
        source = target_of(self._prices[number])
        span = f"{both[0]}" if len(both) == 1 else f"{both[0]} to {both[-1]}"
        details = {
            "x_PriceOrigin": "bill",
            "x_PriceSource": source,
            "x_PriceInstance": name,
            "x_PriceSince": f"{both[0]}",
            "x_PriceUntil": f"{both[-1]}",
        }
        return GpuRate(amount, f"the bill of `{source}` for {name}, {span}", tuple(details.items())) if amount else None


def _rounded(amount: Fraction) -> Decimal:
    return Decimal(round(amount / Fraction(_FINEST))) * _FINEST


def _hours(connection: duckdb.DuckDBPyConnection, usage: str) -> dict[tuple[str, date], int]:
    """Return GPU hours that existed by name of machine and day; of sources that tell of the same the one with most."""
    machines = f"coalesce({usage_fact('instance')}, '') AS instance, coalesce({usage_fact('node')}, '') AS node"
    rows = connection.execute(
        f"""
        SELECT instance, node, "x_Day", max(hours) FROM (
            SELECT "x_Source", "x_Day", {machines}, sum({units_of("quantity")}) AS hours
            FROM {usage} WHERE metric = 'gpu.capacity_hours' AND quantity > 0 GROUP BY ALL
        ) GROUP BY ALL
        """
    ).fetchall()
    found: dict[tuple[str, date], int] = {}
    for instance, node, day, hours in rows:
        for name in Machine(instance, node).names:
            found[name, day] = found.get((name, day), 0) + int(hours)
    return found


def _costs(connection: duckdb.DuckDBPyConnection, price: Price, bill: str) -> dict[tuple[str, date], int]:
    """Return the effective cost of the replaced charges in the price's currency, by name of their resource and day."""
    match = EVERYTHING if price.replaces is None else price.replaces.match
    matched = condition(match, {name: charge_fact(name, CHARGES.names) for name in columns_of(match)})
    names = 'list_distinct([lower(regexp_extract("ResourceId", \'[^/:]+$\')), lower("ResourceName")])'
    rows: Iterable[tuple[str, date, int]] = connection.execute(
        f"""
        SELECT name, "x_Day", sum(units) FROM (
            SELECT unnest({names}) AS name, "x_Day", {units_of('"EffectiveCost"')} AS units
            FROM {bill} WHERE "x_Source" = {literal(target_of(price))}
            AND "BillingCurrency" = {literal(price.currency)} AND {matched}
        ) WHERE name <> '' GROUP BY ALL
        """
    ).fetchall()
    return {(name, day): int(units) for name, day, units in rows}
