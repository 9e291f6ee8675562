"""The last step of attribution: no unit may be lost or made."""

import duckdb

from rules.schema import COST_COLUMNS
from rules.sql import identifier


class MoneyLostError(Exception):
    """Allocations do not sum to their charges: a bug, never a mistake of the user's."""


def verify(connection: duckdb.DuckDBPyConnection, charges: str, allocations: str) -> None:
    """Compare every source, currency and billing period in every cost column; raise MoneyLostError on a difference."""
    keys = "coalesce(\"x_Source\", '') AS x_Source, BillingCurrency, BillingPeriodStart"
    sums = ", ".join(f"sum({column}) AS {column}" for column in COST_COLUMNS)
    differs = " OR ".join(f"a.{column} IS DISTINCT FROM b.{column}" for column in COST_COLUMNS)
    shown = ", ".join(f"CAST(b.{column} AS VARCHAR), CAST(a.{column} AS VARCHAR)" for column in COST_COLUMNS)
    rows = connection.execute(
        f"SELECT coalesce(b.x_Source, a.x_Source), coalesce(b.BillingCurrency, a.BillingCurrency), {shown}"
        f" FROM (SELECT {keys}, {sums} FROM {identifier(charges)} GROUP BY ALL) b"
        f" FULL JOIN (SELECT {keys}, {sums} FROM {allocations} GROUP BY ALL) a"
        " ON a.x_Source = b.x_Source AND a.BillingCurrency = b.BillingCurrency"
        " AND a.BillingPeriodStart IS NOT DISTINCT FROM b.BillingPeriodStart"
        f" WHERE {differs}"
    ).fetchall()
    if rows:
        raise MoneyLostError(f"charges and allocations differ (source, currency, charged and allocated): {rows}")
