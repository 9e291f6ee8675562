"""FOCUS tables of charges, before a provider's own way of writing them.

Times are aware UTC, amounts DECIMAL(38,12) in USD, Tags JSON text or null.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from attributor.demo.curves import Integers
from attributor.demo.line import Line, Provider
from attributor.demo.organisation import UNKNOWN_SPELLING, spellings
from attributor.demo.plan import DemoPlan
from attributor.demo.rows import ChargeRows
from attributor.periods import month_of, start_of

MONEY = pa.decimal128(38, 12)
QUANTITY = pa.decimal128(38, 6)
INSTANT = pa.timestamp("us", tz="UTC")

_TEXT = (
    "BillingCurrency",
    "BillingAccountId",
    "BillingAccountName",
    "SubAccountId",
    "SubAccountName",
    "ProviderName",
    "PublisherName",
    "InvoiceIssuerName",
    "ServiceCategory",
    "ServiceName",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "RegionId",
    "ResourceId",
    "ResourceType",
    "SkuId",
    "PricingCategory",
    "PricingUnit",
    "ConsumedUnit",
    "CommitmentDiscountId",
    "CommitmentDiscountCategory",
    "CommitmentDiscountType",
    "CommitmentDiscountStatus",
    "Tags",
)
_MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_QUANTITY = ("PricingQuantity", "ConsumedQuantity", "ListUnitPrice", "ContractedUnitPrice")
_INSTANT = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")

SCHEMA = pa.schema(
    [
        *(pa.field(name, MONEY) for name in _MONEY),
        *(pa.field(name, INSTANT) for name in _INSTANT),
        *(pa.field(name, pa.string()) for name in _TEXT),
        *(pa.field(name, QUANTITY) for name in _QUANTITY),
    ]
)


def decimals(units: Integers, kind: pa.DataType) -> pa.Array:
    """Return integers of a decimal type's last digit as that decimal type, bit for bit."""
    words = np.empty((units.size, 2), dtype="<i8")
    words[:, 0] = units
    words[:, 1] = units >> 63
    return pa.Array.from_buffers(kind, units.size, [None, pa.py_buffer(words.tobytes())])


def charges(provider: Provider, lines: Sequence[Line], rows: ChargeRows, plan: DemoPlan) -> pa.Table:
    """Return the rows as a table of SCHEMA; amounts are quantity times price, exactly."""
    columns = {
        **_amounts(lines, rows),
        **_times(rows, plan),
        **_line_texts(provider, lines, rows),
        **_resource_texts(provider, lines, rows),
    }
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def extra_charges(charges: Sequence[dict[str, Any]]) -> pa.Table:
    """Return single charges, told by column, as a table of SCHEMA."""
    return pa.Table.from_pylist(list(charges), schema=SCHEMA)


def _amounts(lines: Sequence[Line], rows: ChargeRows) -> dict[str, pa.Array]:
    listed = np.array([line.sku.price for line in lines])[rows.line]
    contracted = np.array([line.sku.contracted_price for line in lines])[rows.line]
    effective = np.array([line.unit_cost for line in lines])[rows.line]
    covered = np.array([line.covered for line in lines])[rows.line]
    quantity = decimals(rows.quantity, QUANTITY)
    return {
        "BilledCost": decimals(np.where(covered, 0, rows.quantity * contracted), MONEY),
        "EffectiveCost": decimals(rows.quantity * effective, MONEY),
        "ListCost": decimals(rows.quantity * listed, MONEY),
        "ContractedCost": decimals(rows.quantity * contracted, MONEY),
        "PricingQuantity": quantity,
        "ConsumedQuantity": quantity,
        "ListUnitPrice": decimals(listed, QUANTITY),
        "ContractedUnitPrice": decimals(contracted, QUANTITY),
    }


def _times(rows: ChargeRows, plan: DemoPlan) -> dict[str, pa.Array]:
    hours = rows.day * 24 + np.maximum(rows.hour, 0)
    lasts = np.where(rows.hour < 0, 24, 1)
    days = [plan.first + timedelta(days=index) for index in range(plan.days)]
    months = [month_of(day) for day in days]
    return {
        "ChargePeriodStart": _instants(hours, plan.start),
        "ChargePeriodEnd": _instants(hours + lasts, plan.start),
        "BillingPeriodStart": picked([start_of(month.first) for month in months], rows.day, INSTANT),
        "BillingPeriodEnd": picked([start_of(month.end) for month in months], rows.day, INSTANT),
    }


def _instants(hours: Integers, start: datetime) -> pa.Array:
    microseconds = int(start.timestamp()) * 1_000_000 + hours * 3_600_000_000
    return pa.array(microseconds, pa.int64()).view(INSTANT)


def picked(values: Sequence[Any], index: Integers, kind: pa.DataType) -> pa.Array:
    """Return `values[index]` as an array."""
    return pa.array(list(values), kind).take(pa.array(index))


def _line_texts(provider: Provider, lines: Sequence[Line], rows: ChargeRows) -> dict[str, pa.Array]:
    table = pa.Table.from_pylist([_line_columns(provider, line) for line in lines], schema=SCHEMA)
    taken = table.take(pa.array(rows.line))
    return {name: taken.column(name).combine_chunks() for name in _TEXT}


def _line_columns(provider: Provider, line: Line) -> dict[str, Any]:
    return {
        **provider_columns(provider),
        "SubAccountId": line.account.id,
        "SubAccountName": line.account.name,
        "ServiceCategory": line.sku.category,
        "ServiceName": line.sku.service,
        "ChargeCategory": "Usage",
        "ChargeDescription": line.sku.description,
        "ChargeFrequency": "Usage-Based",
        "ResourceType": line.sku.resource_type,
        "SkuId": line.sku.id,
        "PricingCategory": "Committed" if line.covered else "Standard",
        "PricingUnit": line.sku.unit,
        "ConsumedUnit": line.sku.unit,
        **(commitment_columns(provider, "Used") if line.covered else {}),
    }


def provider_columns(provider: Provider) -> dict[str, Any]:
    """Return the columns that are the same all over a provider's bill."""
    return {
        "BillingCurrency": "USD",
        "BillingAccountId": provider.billing_account.id,
        "BillingAccountName": provider.billing_account.name,
        "ProviderName": provider.name,
        "PublisherName": provider.issuer,
        "InvoiceIssuerName": provider.issuer,
    }


def commitment_columns(provider: Provider, status: str | None) -> dict[str, Any]:
    """Return the columns of a charge under the provider's commitment discount."""
    return {
        "CommitmentDiscountId": provider.commitment,
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountType": "Compute Savings Plan",
        "CommitmentDiscountStatus": status,
    }


def _resource_texts(provider: Provider, lines: Sequence[Line], rows: ChargeRows) -> dict[str, pa.Array]:
    """Give every resource its id, its region and the tags that its team happened to write on it."""
    width = int(rows.resource.max(initial=0)) + 1
    seen, which = np.unique(rows.line * width + rows.resource, return_inverse=True)
    ids, regions, tags = [], [], []
    for code in seen.tolist():
        line, resource = lines[code // width], code % width
        region = provider.regions[resource % len(provider.regions)]
        ids.append(f"{region}/{line.account.name}/{line.sku.resource_type}/{code:08x}".lower())
        regions.append(region)
        tags.append(_tags(line, resource))
    return {
        "ResourceId": picked(ids, which, pa.string()),
        "RegionId": picked(regions, which, pa.string()),
        "Tags": picked(tags, which, pa.string()),
    }


def _tags(line: Line, resource: int) -> str | None:
    tags = dict(line.tags)
    if line.team == "unknown":
        tags["team"] = UNKNOWN_SPELLING
    elif line.tagged and line.team:
        written = spellings(line.team)
        tags["team"] = written[0] if resource % 3 == 0 else written[resource % len(written)]
    return json.dumps(tags) if tags else None
