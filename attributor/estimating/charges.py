"""Priced usage as FOCUS charges, estimated."""

from collections.abc import Collection
from datetime import date

import pyarrow as pa

from attributor.estimating.pricing import PRICED
from attributor.estimating.rates import PRICES
from attributor.lake.sql import identifier, sql_type
from collectors.schema import CHARGES
from rules.schema import ESTIMATES
from rules.sql import amount_of, literal, units_of

_AMOUNT = amount_of("u.units")
_QUANTITY_UNITS = 10**6
"""Of a quantity's 1e-12, so that it is in 1e-18, the finest that a pricing quantity is kept in."""
_PER = "CAST(p.per AS HUGEINT)"
_UNIT = "CASE WHEN p.per = 1 THEN u.metric ELSE CAST(p.per AS VARCHAR) || ' ' || u.metric END"
_MONTH = "date_trunc('month', u.hour)"
_EXPRESSIONS = {
    **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), _AMOUNT),
    **dict.fromkeys(("BillingCurrency", "PricingCurrency"), "p.currency"),
    "ChargePeriodStart": "u.hour",
    "ChargePeriodEnd": "u.hour + INTERVAL 1 HOUR",
    "BillingPeriodStart": _MONTH,
    "BillingPeriodEnd": f"{_MONTH} + INTERVAL 1 MONTH",
    **dict.fromkeys(("ServiceProviderName", "ProviderName", "PublisherName", "InvoiceIssuerName"), "p.provider"),
    "SubAccountId": "nullif(p.account, '')",
    "BillingAccountId": "nullif(p.billing_account, '')",
    "ServiceCategory": "'Other'",
    "ServiceName": "p.service",
    "ChargeCategory": "'Usage'",
    "ChargeFrequency": "'Usage-Based'",
    "ChargeDescription": "'estimated: ' || p.name",
    **dict.fromkeys(("ResourceId", "ResourceName"), "u.pool"),
    "SkuMeter": "u.metric",
    "SkuPriceId": "p.name",
    "SkuPriceDetails": "p.details",
    "PricingCategory": "'Standard'",
    "PricingQuantity": (
        f"CAST({units_of('u.quantity')} * {_QUANTITY_UNITS}::HUGEINT // {_PER} AS DECIMAL(38,0))"
        " * 0.000000000000000001::DECIMAL(18,18)"
    ),
    "PricingUnit": _UNIT,
    **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), "p.price"),
    "ConsumedQuantity": "u.quantity",
    "ConsumedUnit": "u.metric",
    "Tags": "u.facts",
    "x_Basis": "'estimated'",
    "x_Origin": "u.source || ': ' || coalesce(u.origin, '') || CASE WHEN u.rows > 1 THEN"
    " ' and ' || CAST(u.rows - 1 AS VARCHAR) || ' more' ELSE '' END"
    f" || '; ' || p.price || ' ' || p.currency || ' for ' || {_UNIT} || ', by ' || p.origin",
    "x_Day": "u.day",
}


def estimated_charges(source: str, days: Collection[date]) -> str:
    """Return a query of the charges that stand for a source's bill on these days, with the columns of CHARGES.

    One row an hour, usage source, metric, pool and set of facts. The facts are its tags, so that the rules for the bill
    find its owner; metric and pool are its SkuMeter and ResourceId.
    """
    listed = ", ".join(f"DATE '{day}'" for day in sorted(days)) or "NULL"
    columns = ", ".join(_column(field, source) for field in CHARGES)
    return (
        f"SELECT {columns} FROM {PRICED} u JOIN {PRICES} p USING (number)"
        f" WHERE p.source = {literal(source)} AND u.day IN ({listed})"
    )


def _column(field: pa.Field, source: str) -> str:
    expressions = {**_EXPRESSIONS, "x_Source": literal(source + ESTIMATES)}
    return f"CAST({expressions.get(field.name, 'NULL')} AS {sql_type(field.type)}) AS {identifier(field.name)}"
