"""The daily sums that reports read, from the allocations and the usage of a day."""

from collections.abc import Collection, Sequence
from datetime import date

import duckdb
import pyarrow as pa

from attributor.ledger.published_rows import TAG_COMPLIANCE, UNMATCHED_OWNERS
from rules.unmatched import Unmatched


def rollup_rows(connection: duckdb.DuckDBPyConnection, allocations: str) -> pa.Table:
    """Sum allocations by everything that reports group by; columns of `published_rows.ROLLUP`."""
    return connection.sql(
        f"""
        SELECT x_Source AS source,
               strftime(coalesce(BillingPeriodStart, x_Day::TIMESTAMPTZ), '%Y-%m') AS billing_month,
               BillingCurrency AS currency, x_Basis AS basis, team, project, environment, cost_center,
               ServiceName AS service, ProviderName AS provider, SubAccountId AS account,
               ChargeCategory AS category, Model AS model, dimensions, rule, method, shared_step, idle_cause, fallback,
               sum(BilledCost) AS billed, sum(EffectiveCost) AS effective, sum(ListCost) AS list
        FROM "{allocations}" GROUP BY ALL ORDER BY ALL
        """  # noqa: S608 - the name is the engine's own
    ).to_arrow_table()


def usage_rollup_rows(connection: duckdb.DuckDBPyConnection, usage: str, days: Collection[date]) -> pa.Table:
    """Sum usage by day, metric, pool, team and model; x_Day, by which it is ordered, and USAGE_ROLLUP's columns."""
    return connection.sql(
        f"""
        SELECT x_Day, x_Source AS source, metric, coalesce(pool, '') AS pool, team,
               fact_model AS model, sum(quantity) AS quantity
        FROM "{usage}" WHERE x_Day IN (SELECT unnest(?)) GROUP BY ALL ORDER BY ALL
        """,  # noqa: S608 - the name is the engine's own
        params=[list(days)],
    ).to_arrow_table()


def unmatched_rows(unmatched: Sequence[Unmatched]) -> pa.Table:
    """Return the owner values that name no team; columns of `published_rows.UNMATCHED_OWNERS`."""
    return pa.table(
        {
            "source": [found.source for found in unmatched],
            "column_name": [found.column for found in unmatched],
            "value": [found.value for found in unmatched],
            "currency": [found.currency for found in unmatched],
            "effective": [found.effective for found in unmatched],
        },
        schema=UNMATCHED_OWNERS,
    )


def tag_rows(connection: duckdb.DuckDBPyConnection, compliance: str | None) -> pa.Table:
    """Return the money behind required tags; columns of `published_rows.TAG_COMPLIANCE`, no rows without any."""
    if compliance is None:
        return TAG_COMPLIANCE.empty_table()
    return connection.table(compliance).order("ALL").to_arrow_table()
