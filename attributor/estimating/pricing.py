"""Usage times price, exactly, in the connection: the first price that matches a usage row and holds on its day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from attributor.config.settings import Price
from attributor.estimating.claims import CLAIMED, claim_usage, is_priced_by_list
from attributor.estimating.gpu_rates import GPU_RATES, load_gpu_rates, same_gpu
from attributor.estimating.listed import KEYS, LISTED, load_listed
from attributor.estimating.machines import Lookup
from attributor.estimating.price_list import GenaiPrices
from attributor.estimating.rates import PRICES, Rate, load_rates
from rules.sql import units_of

PRICED, UNPRICED = "priced_usage", "unpriced_usage"
_NO_PRICE = "no price is for this model and metric"


@dataclass(frozen=True)
class PricedSum:
    """What the usage of a day was priced at, under one provider and service, in 1e-12 units of the currency."""

    source: str
    day: date
    provider: str
    service: str
    currency: str
    units: int


def price_usage(
    connection: duckdb.DuckDBPyConnection,
    usage: str,
    prices: Sequence[Price],
    price_list: GenaiPrices | None = None,
    lookup: Lookup | None = None,
) -> None:
    """Create the tables PRICES, PRICED and UNPRICED of a view of usage.

    A row of PRICED is the usage of a source, hour, metric, pool and set of facts: `number` of its price, quantity, and
    `units`, the amount in 1e-12 of the currency. quantity x price / per is rounded half-even, once a row. A row of
    UNPRICED is usage that should have a price and has none: `claimed` is the price that is for it, `reason` why.
    """
    claim_usage(connection, usage, prices)
    rates = [Rate(price, price.metric) for price in prices]
    load_listed(connection, prices, price_list, rates)
    load_gpu_rates(connection, prices, lookup, rates)
    load_rates(connection, prices, rates)
    by_list = ", ".join(str(number) for number, price in enumerate(prices) if is_priced_by_list(price)) or "NULL"
    unwanted = ", ".join(str(n) for n, p in enumerate(prices) if p.listed and not is_priced_by_list(p)) or "NULL"
    agree = " AND ".join(f"c.{key} = l.{key}" for key in KEYS)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW numbered_usage AS
        SELECT c.*, CASE WHEN c.price IN ({by_list}) THEN l.number WHEN c.price IN ({unwanted}) THEN NULL
                    ELSE coalesce(g.number, c.price) END AS number,
               CASE WHEN c.price IS NULL THEN '{_NO_PRICE}' ELSE l.reason END AS reason
        FROM {CLAIMED} c LEFT JOIN {LISTED} l ON {agree} LEFT JOIN {GPU_RATES} g ON {same_gpu("c", "g")}
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {PRICED} AS
        SELECT u.* EXCLUDE (product, denominator),
               whole + CASE WHEN 2 * rest > denominator OR (2 * rest = denominator AND whole % 2 = 1) THEN 1 ELSE 0 END
               AS units
        FROM (SELECT u.*, product // denominator AS whole, product % denominator AS rest
              FROM (SELECT u.*, CAST(p.denominator AS HUGEINT) AS denominator,
                           {units_of("u.quantity")} * CAST(p.numerator AS HUGEINT) AS product
                    FROM numbered_usage u JOIN {PRICES} p USING (number)) u) u
        """
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {UNPRICED} AS SELECT *, coalesce(price, nearly) AS claimed"
        " FROM numbered_usage WHERE number IS NULL AND reason IS NOT NULL"
    )


def priced_sums(connection: duckdb.DuckDBPyConnection) -> tuple[PricedSum, ...]:
    """Return what PRICED sums to by what its prices stand for, provider, service and currency."""
    rows = connection.execute(
        "SELECT p.source, u.day, p.provider, p.service, p.currency, sum(u.units)"
        f" FROM {PRICED} u JOIN {PRICES} p USING (number) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return tuple(
        PricedSum(source, day, provider, service, currency, int(units))
        for source, day, provider, service, currency, units in rows
    )


def standing_days(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[int, date], ...]:
    """Return which of the `standings` have an estimate on which days."""
    rows = connection.execute(
        f"SELECT DISTINCT p.standing, u.day FROM {PRICED} u JOIN {PRICES} p USING (number)"
        " WHERE p.standing >= 0 ORDER BY ALL"
    ).fetchall()
    return tuple((standing, day) for standing, day in rows)
