"""The columns of Cloud Billing's export tables, as BigQuery describes them."""

from typing import Any

Schema = list[dict[str, Any]]


def column(name: str, kind: str = "STRING") -> dict[str, Any]:
    return {"name": name, "type": kind, "mode": "NULLABLE"}


def record(name: str, *fields: dict[str, Any], repeated: bool = False) -> dict[str, Any]:
    return {"name": name, "type": "RECORD", "mode": "REPEATED" if repeated else "NULLABLE", "fields": list(fields)}


def texts(*names: str) -> Schema:
    return [column(name) for name in names]


def labels(name: str, *more: dict[str, Any]) -> dict[str, Any]:
    return record(name, column("key"), column("value"), *more, repeated=True)


STANDARD: Schema = [
    column("billing_account_id"),
    record("service", *texts("id", "description")),
    record("sku", *texts("id", "description")),
    column("usage_start_time", "TIMESTAMP"),
    column("usage_end_time", "TIMESTAMP"),
    record("project", *texts("id", "number", "name"), labels("labels"), column("ancestry_numbers")),
    labels("labels"),
    labels("system_labels"),
    record("location", *texts("location", "country", "region", "zone")),
    labels("tags", column("inherited", "BOOLEAN"), column("namespace")),
    column("export_time", "TIMESTAMP"),
    column("cost", "FLOAT"),
    column("currency"),
    column("currency_conversion_rate", "FLOAT"),
    record(
        "usage", column("amount", "FLOAT"), column("unit"), column("amount_in_pricing_units", "FLOAT"),
        column("pricing_unit"),
    ),
    record("credits", column("name"), column("amount", "FLOAT"), *texts("full_name", "id", "type"), repeated=True),
    record("invoice", *texts("month", "publisher_type")),
    column("cost_type"),
    record("adjustment_info", *texts("id", "description", "mode", "type")),
    column("cost_at_list", "FLOAT"),
    column("transaction_type"),
    column("seller_name"),
    record("subscription", column("instance_id")),
]  # fmt: skip

DETAILED: Schema = [
    *STANDARD,
    record("resource", *texts("name", "global_name")),
    record(
        "price",
        *[column(name, "NUMERIC") for name in ("effective_price", "tier_start_amount", "list_price")],
        column("unit"),
        column("pricing_unit_quantity", "NUMERIC"),
    ),
]

_NUMERIC = (
    "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ContractedUnitPrice", "ListUnitPrice",
    "ConsumedQuantity", "PricingQuantity",
)  # fmt: skip
_TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "x_ExportTime")
_WORDS = (
    "AvailabilityZone", "BillingAccountId", "BillingAccountType", "BillingCurrency", "PricingCurrency",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ConsumedUnit", "PricingCategory", "PricingUnit",
    "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ServiceName", "SkuId",
    "SkuPriceId", "SubAccountId", "SubAccountName", "x_CostType",
)  # fmt: skip


def _pairs(name: str, *more: dict[str, Any]) -> dict[str, Any]:
    return record(name, column("Key"), column("Value"), *more, repeated=True)


FOCUS: Schema = [
    *[column(name, "NUMERIC") for name in _NUMERIC],
    *[column(name, "TIMESTAMP") for name in _TIMES],
    *texts(*_WORDS),
    record("x_Credits", column("Name"), column("Amount", "NUMERIC"), *texts("FullName", "Id", "Type"), repeated=True),
    _pairs("x_Labels"),
    _pairs("x_SystemLabels"),
    _pairs("x_ProjectLabels"),
    _pairs("x_Tags", column("x_Inherited", "BOOLEAN"), column("x_Namespace")),
]
