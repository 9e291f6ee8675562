"""The table that attribution writes: allocations, one row a cell, owner and cause.

A cell is the charges of one day that agree in source, currency, rule, owner facts and every dimension below.
Every cost column sums over a cell's allocations exactly to the cell. Amounts are DECIMAL(38,12).
"""

import pyarrow as pa

MONEY = pa.decimal128(38, 12)
INSTANT = pa.timestamp("us", tz="UTC")

COST_COLUMNS = ("BilledCost", "EffectiveCost", "ListCost")
OWNER_COLUMNS = ("team", "project", "environment", "cost_center")
"""Owners; `team` is never empty: a team's id, `unattributed` or `idle`. The others may be empty."""

UNATTRIBUTED = "unattributed"
IDLE = "idle"

ESTIMATES = ".estimated"
"""What the source of estimated charges ends with, after the name of the billed source that they stand for."""

DIMENSION_COLUMNS = (
    "ServiceName",
    "ProviderName",
    "BillingAccountId",
    "SubAccountId",
    "ChargeCategory",
    "Model",
)
"""`ProviderName` is ServiceProviderName where given. `Model` is `tags.model` unless configured otherwise."""

ALLOCATIONS = pa.schema(
    [
        pa.field("x_Source", pa.string(), nullable=False),
        pa.field("x_Day", pa.date32(), nullable=False),
        pa.field("cell", pa.int64(), nullable=False),
        pa.field("BillingCurrency", pa.string(), nullable=False),
        pa.field("BillingPeriodStart", INSTANT),
        pa.field("window_start", INSTANT),
        pa.field("window_end", INSTANT),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("shared_step", pa.string(), nullable=False),
        pa.field("idle_cause", pa.string(), nullable=False),
        pa.field("fallback", pa.string(), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in OWNER_COLUMNS),
        *(pa.field(name, pa.string(), nullable=False) for name in DIMENSION_COLUMNS),
        pa.field("dimensions", pa.string()),
        pa.field("x_Basis", pa.string(), nullable=False),
        pa.field("BilledCost", MONEY, nullable=False),
        pa.field("EffectiveCost", MONEY, nullable=False),
        pa.field("ListCost", MONEY, nullable=False),
    ]
)
"""Text columns are "" where there is nothing to say, never null; but `dimensions` is null in files older than it.

window_start/window_end: the half-open span of usage whose weights split the cell; null for direct rows.
rule: the rule's name, or "" where none claimed it. method: direct, usage, cost, even, fixed, activity, follow or
unattributed. shared_step: the provider team whose cost was passed on. idle_cause: unallocated, held, low, rest or
unused_commitment. fallback: what stood in for missing usage, "<previous|even|fixed|unattributed>:<zero|not_covered>".
dimensions: a JSON object from the configured dimensions to their values, without those that have none.
"""
