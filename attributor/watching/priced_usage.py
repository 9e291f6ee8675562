"""Usage beside its price, as a view: what questions of the hour begin with."""

from collections.abc import Sequence

import duckdb

from attributor.config.settings import Price
from attributor.estimating.opened_list import opened_list
from attributor.estimating.pricing import PRICED, price_usage
from attributor.estimating.rates import PRICES


def open_priced_usage(connection: duckdb.DuckDBPyConnection, usage: str, prices: Sequence[Price], view: str) -> None:
    """Price a view of usage and create `view`: the usage that has a price, with its amount and what it is of.

    `units` is the amount in 1e-12 of `currency`; `service` is the price's, `model` the usage's, "" where it names none.
    """
    price_usage(connection, usage, prices, opened_list(prices))
    connection.execute(
        f'CREATE OR REPLACE TEMP VIEW {view} AS SELECT u.source AS "x_Source", u.hour, u.metric, u.pool, u.facts,'
        f" u.quantity, u.units, u.model, p.service, p.currency FROM {PRICED} u JOIN {PRICES} p USING (number)"
    )
