"""The rows that a publication brings, as Arrow tables: amounts DECIMAL(38,12), text never null ("" is empty)."""

import pyarrow as pa

from attributor.ledger.bulk import MONEY

_ROLLUP_TEXT = (
    "source",
    "billing_month",
    "currency",
    "basis",
    "team",
    "project",
    "environment",
    "cost_center",
    "service",
    "provider",
    "account",
    "category",
    "model",
    "dimensions",
    "rule",
    "method",
    "shared_step",
    "idle_cause",
    "fallback",
)


def _schema(text: tuple[str, ...], amounts: tuple[str, ...]) -> pa.Schema:
    return pa.schema(
        [pa.field(name, pa.string(), nullable=False) for name in text]
        + [pa.field(name, MONEY, nullable=False) for name in amounts]
    )


ROLLUP = _schema(_ROLLUP_TEXT, ("billed", "effective", "list"))
"""The allocations of one day, summed; the columns of the ledger's `rollup`. `billing_month` is YYYY-MM.

`dimensions` is a JSON object of text by name, or ""."""

USAGE_ROLLUP = _schema(("source", "metric", "pool", "team", "model"), ("quantity",))
"""The usage of one day, summed; `source` is the usage's own."""

USAGE_HOURS = _schema(("source", "metric", "pool", "team"), ("quantity",)).append(
    pa.field("hour", pa.int32(), nullable=False)
)
"""The GPU hours of one day by hour of the UTC day, 0 to 23: of all together (team ""), and of each team."""

USAGE_BY_FACT = _schema(("source", "metric", "pool", "team", "model", "fact", "value"), ("quantity",))
"""The usage of one day by what it says of itself: `fact` is job, key, feature or tier, `value` is never empty."""

UNMATCHED_OWNERS = _schema(("source", "column_name", "value", "currency"), ("effective",))
"""Owner values of one day that name no team, with the effective cost behind them."""

TAG_COMPLIANCE = _schema(("source", "currency", "account", "team", "tag"), ("present", "missing"))
"""The effective cost of one day by required tag: of the charges that have it, and of those that lack it."""
