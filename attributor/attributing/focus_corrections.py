"""What corrects closed months, as FOCUS 1.3 rows of the day on which it was posted: one for each row of the ledger."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, Row, select

from attributor.attributing.focus_rows import FOCUS_SCHEMA
from attributor.ledger.money_columns import joined
from attributor.ledger.tables import rollup
from attributor.periods import Month, month_of, start_of

CORRECTION = "Correction"
"""FOCUS's ChargeClass of what corrects an invoiced period."""
_COSTS = {"BilledCost": "billed", "EffectiveCost": "effective", "ListCost": "list"}
_TEXTS = {
    "BillingCurrency": "currency",
    "SubAccountId": "account",
    "ServiceProviderName": "provider",
    "ProviderName": "provider",
    "ServiceName": "service",
    "ChargeCategory": "category",
    "x_Source": "source",
    "x_Team": "team",
    "x_Project": "project",
    "x_Environment": "environment",
    "x_CostCenter": "cost_center",
    "x_Rule": "rule",
    "x_Method": "method",
    "x_IdleCause": "idle_cause",
    "x_SharedStep": "shared_step",
    "x_Fallback": "fallback",
    "x_Dimensions": "dimensions",
    "x_Basis": "basis",
    "x_Corrects": "corrects",
}


def correction_rows(engine: Engine, period: Month) -> Mapping[date, pa.Table]:
    """Return the corrections that were posted in a month, by the UTC day they were posted on, in FOCUS_SCHEMA.

    They sum to what the ledger holds of them in the three costs. A row is of the corrected day and its billing month;
    it stands for no single charge, so that what the ledger does not hold of charges (quantities, resources) is null.
    """
    posted = (rollup.c.day >= period.first) & (rollup.c.day < period.end) & (rollup.c.corrects != "")
    found: dict[date, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        for row in connection.execute(select(rollup).where(posted).order_by(rollup.c.day, rollup.c.id)):
            found.setdefault(row.day, []).append(_focus_row(row))
    return {day: pa.Table.from_pylist(rows, FOCUS_SCHEMA) for day, rows in found.items()}


def _focus_row(row: Row[Any]) -> dict[str, Any]:
    kept = row._mapping
    start = start_of(row.corrected_day)
    texts = {column: kept[name] or None for column, name in _TEXTS.items()}
    costs = {column: joined(kept[f"{name}_millionths"], kept[f"{name}_rest"]) for column, name in _COSTS.items()}
    period = {"ChargePeriodStart": start, "ChargePeriodEnd": start + timedelta(days=1)}
    billed = month_of(date.fromisoformat(f"{row.billing_month}-01"))
    invoiced = {"BillingPeriodStart": start_of(billed.first), "BillingPeriodEnd": start_of(billed.end)}
    return {**texts, **costs, **period, **invoiced, "ChargeClass": CORRECTION}
