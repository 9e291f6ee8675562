"""The usage of days beside its daily sums: GPU hours hour by hour, and by job, key, feature and tier."""

from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType

import duckdb
import pyarrow as pa

CAPACITY = "gpu.capacity_hours"
"""What is there, whoever holds it."""

HOURLY = (CAPACITY, "gpu.hours", "gpu.busy_hours", "gpu.low_hours")
"""The metrics that are kept by the hour."""

SAID: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "job": ("job", "namespace"),
        "key": ("key_alias", "api_key"),
        "feature": ("feature",),
        "tier": ("service_tier",),
    }
)
"""What is kept apart by name, and the usage facts that say it: the first that a row has."""

_OF_JOBS = "metric IN ('gpu.hours', 'gpu.busy_hours')"
_OF_CALLS = "(metric LIKE 'tokens.%' OR metric = 'requests')"
_NAMED = 100


def usage_hour_rows(connection: duckdb.DuckDBPyConnection, usage: str, days: Collection[date]) -> pa.Table:
    """Sum GPU hours by day, hour and pool, whole and by team; x_Day, which orders it, and USAGE_HOURS' columns."""
    metrics = ", ".join(f"'{metric}'" for metric in HOURLY)
    what = (
        "x_Day, x_Source AS source, (epoch(hour)::BIGINT // 3600 % 24)::INTEGER AS hour, metric,"
        " coalesce(pool, '') AS pool"
    )
    return connection.sql(
        f"""
        WITH hours AS (
            SELECT {what}, team, quantity FROM "{usage}" WHERE x_Day IN (SELECT unnest(?)) AND metric IN ({metrics})
        )
        SELECT * REPLACE ('' AS team, sum(quantity) AS quantity) FROM hours GROUP BY ALL
        UNION ALL
        SELECT * REPLACE (sum(quantity) AS quantity) FROM hours WHERE metric <> '{CAPACITY}' GROUP BY ALL
        ORDER BY ALL
        """,  # noqa: S608 - names and metrics are our own
        params=[list(days)],
    ).to_arrow_table()


def usage_fact_rows(connection: duckdb.DuckDBPyConnection, usage: str, days: Collection[date]) -> pa.Table:
    """Sum usage by day and what it says of itself; x_Day, by which it is ordered, and USAGE_BY_FACT's columns.

    Of each day, source and fact the largest hundred values stand by themselves, the others as "(other)".
    """
    arms = " UNION ALL ".join(
        f"SELECT *, '{fact}' AS fact, {first_said(fact)} AS value FROM of_days WHERE {_metrics(fact)}"  # noqa: S608
        for fact in SAID
    )
    return connection.sql(
        f"""
        WITH of_days AS (FROM "{usage}" WHERE x_Day IN (SELECT unnest(?))),
        said AS (SELECT * FROM ({arms}) WHERE value <> ''),
        placed AS (
            SELECT x_Day, x_Source, fact, value,
                   row_number() OVER (PARTITION BY x_Day, x_Source, fact ORDER BY sum(quantity) DESC, value) AS place
            FROM said GROUP BY x_Day, x_Source, fact, value
        )
        SELECT x_Day, x_Source AS source, metric, coalesce(pool, '') AS pool, team, fact_model AS model, fact,
               CASE WHEN place <= {_NAMED} THEN value ELSE '(other)' END AS value, sum(quantity) AS quantity
        FROM said JOIN placed USING (x_Day, x_Source, fact, value) GROUP BY ALL ORDER BY ALL
        """,  # noqa: S608 - names and facts are our own
        params=[list(days)],
    ).to_arrow_table()


def _metrics(fact: str) -> str:
    return _OF_JOBS if fact == "job" else _OF_CALLS


def first_said(fact: str) -> str:
    """Return SQL for what a row of usage with columns fact_NAME says of a key of `SAID`, '' where it says nothing."""
    return f"coalesce({', '.join(f'''nullif(fact_{name}, '')''' for name in SAID[fact])}, '')"
