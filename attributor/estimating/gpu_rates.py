"""What GPU hours cost by what their price prefers: the bill of their machine, a list; else the price itself stands."""

from collections.abc import Sequence
from datetime import date

import duckdb
import pyarrow as pa

from attributor.config.gpu_prices import BY_BILL, BY_LIST
from attributor.config.settings import Price
from attributor.estimating.claims import CLAIMED
from attributor.estimating.gpu_list import ListPrices, read_list_prices
from attributor.estimating.machines import BilledMachines, Lookup, Machine
from attributor.estimating.rates import GpuRate, Rate
from rules.facts import usage_fact
from rules.rows import load_rows

GPU_RATES = "gpu_rates"
_FACTS = ("instance", "node", "gpu_model", "region")
_SCHEMA = pa.schema(
    [("price", pa.int32()), ("day", pa.date32()), *((name, pa.string()) for name in _FACTS), ("number", pa.int32())]
)
_Key = tuple[int, date, str, str, str, str]


def load_gpu_rates(
    connection: duckdb.DuckDBPyConnection, prices: Sequence[Price], lookup: Lookup | None, rates: list[Rate]
) -> None:
    """Create the table GPU_RATES: `number` of a rate, which is appended to `rates`, by the keys of `same_gpu`."""
    preferring = [number for number, price in enumerate(prices) if price.prefer]
    rows: list[tuple[object, ...]] = []
    if preferring and lookup is not None:
        machines = BilledMachines(connection, prices, lookup)
        listed = read_list_prices(connection, lookup.usage)
        facts = ", ".join(f"{_fact(name)} AS {name}" for name in _FACTS)
        keys = connection.execute(
            f"SELECT DISTINCT price, day, {facts} FROM {CLAIMED}"
            f" WHERE price IN ({', '.join(map(str, preferring))}) ORDER BY ALL"
        ).fetchall()
        for key in keys:
            found = _preferred(prices[key[0]], key, machines, listed)
            if found is not None:
                rates.append(Rate(prices[key[0]], prices[key[0]].metric, gpu=found))
                rows.append((*key, len(rates) - 1))
    load_rows(connection, GPU_RATES, _SCHEMA, rows)


def same_gpu(usage: str, rates: str) -> str:
    """Return the condition under which a row of CLAIMED has a rate of GPU_RATES."""
    keys = [f"{usage}.price = {rates}.price", f"{usage}.day = {rates}.day"]
    return " AND ".join([*keys, *(f"{_fact(name)} = {rates}.{name}" for name in _FACTS)])


def _fact(name: str) -> str:
    return f"coalesce({usage_fact(name)}, '')"


def _preferred(price: Price, key: _Key, machines: BilledMachines, listed: ListPrices) -> GpuRate | None:
    number, day, instance, node, model, region = key
    for by in price.prefer:
        found = None
        if by == BY_BILL:
            found = machines.rate(number, day, Machine(instance, node))
        if by == BY_LIST:
            found = listed.rate(day, model, region, price.currency)
        if found is not None:
            return found
    return None
