"""Usage times price, exactly, in the connection: the first price that matches a usage row and holds on its day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import duckdb
import pyarrow as pa

from attributor.config.settings import Price, Replaces
from attributor.estimating.due import target_of
from attributor.lake.sql import identifier
from rules.facts import usage_fact
from rules.match import condition
from rules.matchers import columns_of
from rules.rows import load_rows
from rules.sql import literal, units_of

PRICED = "priced_usage"
PRICES = "estimate_prices"
_WHOLE = pa.decimal128(38, 0)
_PRICES = pa.schema(
    [
        *((name, pa.int32()) for name in ("number", "standing")),
        *((name, _WHOLE) for name in ("numerator", "denominator", "per")),
        *((name, pa.string()) for name in ("source", "provider", "service", "account", "billing_account")),
        *((name, pa.string()) for name in ("currency", "name", "price")),
    ]
)


@dataclass(frozen=True)
class PricedSum:
    """What the usage of a day was priced at, under one provider and service, in 1e-12 units of the currency."""

    source: str
    day: date
    provider: str
    service: str
    currency: str
    units: int


def standings(prices: Sequence[Price]) -> tuple[Replaces, ...]:
    """Return the different sets of billed charges that prices stand for, in the prices' order."""
    return tuple(dict.fromkeys(price.replaces for price in prices if price.replaces is not None))


def price_usage(connection: duckdb.DuckDBPyConnection, usage: str, prices: Sequence[Price]) -> None:
    """Create the tables PRICES and PRICED of a view of usage.

    A row of PRICED is the usage of a source, hour, metric, pool and set of facts: `number` of its price, quantity, and
    `units`, the amount in 1e-12 of the currency. quantity x price / per is rounded half-even, once a row. Usage of 0
    is no row.
    """
    _load_prices(connection, prices)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {PRICED} AS
        SELECT u.* EXCLUDE (product, denominator),
               whole + CASE WHEN 2 * rest > denominator OR (2 * rest = denominator AND whole % 2 = 1) THEN 1 ELSE 0 END
               AS units
        FROM (SELECT u.*, product // denominator AS whole, product % denominator AS rest
              FROM (SELECT u.*, CAST(p.denominator AS HUGEINT) AS denominator,
                           {units_of("u.quantity")} * CAST(p.numerator AS HUGEINT) AS product
                    FROM ({_numbered(usage, prices)}) u JOIN {PRICES} p USING (number)) u) u
        """
    )


def _numbered(usage: str, prices: Sequence[Price]) -> str:
    """Return a query of the usage of each hour, pool and set of facts, with the number of its price or null."""
    whens = " ".join(f"WHEN {_claim(price)} THEN {number}" for number, price in enumerate(prices))
    metrics = ", ".join(literal(metric) for metric in sorted({price.metric for price in prices})) or "NULL"
    number = f"CASE {whens} END" if whens else "NULL"
    return f"""
        SELECT "x_Source" AS source, "x_Day" AS day, hour, metric, pool, facts, CAST({number} AS INTEGER) AS number,
               CAST(sum(quantity) AS DECIMAL(38,12)) AS quantity, min("x_Origin") AS origin, count(*) AS rows
        FROM {identifier(usage)} WHERE metric IN ({metrics}) AND quantity > 0 GROUP BY ALL
        """


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


def _claim(price: Price) -> str:
    columns = {name: usage_fact(name) for name in columns_of(price.match)}
    dates = [f"\"x_Day\" >= DATE '{price.start}'"] if price.start else []
    dates += [f"\"x_Day\" < DATE '{price.end}'"] if price.end else []
    return " AND ".join([f"metric = {literal(price.metric)}", *dates, condition(price.match, columns)])


def _load_prices(connection: duckdb.DuckDBPyConnection, prices: Sequence[Price]) -> None:
    known = standings(prices)
    rows = []
    for number, price in enumerate(prices):
        unit_price = Fraction(price.price) / price.per
        rows.append(
            (
                number,
                -1 if price.replaces is None else known.index(price.replaces),
                unit_price.numerator,
                unit_price.denominator,
                price.per,
                target_of(price),
                price.provider,
                price.service,
                price.account,
                price.billing_account,
                price.currency,
                price.name,
                f"{price.price:f}",
            )
        )
    load_rows(connection, PRICES, _PRICES, rows)
