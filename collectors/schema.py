"""The two tables that every collector writes.

`CHARGES` is one row a charge, with FOCUS column names and meanings; columns of our own begin with `x_`.
`USAGE` is one row an hour, metric, pool and set of owner facts.
Amounts are DECIMAL(38,12) of the row's BillingCurrency; timestamps are aware UTC; periods half-open.
"""

import pyarrow as pa

MONEY = pa.decimal128(38, 12)
QUANTITY = pa.decimal128(38, 18)
INSTANT = pa.timestamp("us", tz="UTC")
TEXT = pa.string()
TAGS = pa.map_(pa.string(), pa.string())

COST_COLUMNS = ("BilledCost", "EffectiveCost", "ListCost")
"""The cost columns that attribution splits; each sums exactly over a charge's allocations."""

_REQUIRED = ("BilledCost", "EffectiveCost", "ListCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd")

_CHARGE_COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    ("BilledCost", MONEY),
    ("EffectiveCost", MONEY),
    ("ListCost", MONEY),
    ("ContractedCost", MONEY),
    ("BillingCurrency", TEXT),
    ("ChargePeriodStart", INSTANT),
    ("ChargePeriodEnd", INSTANT),
    ("BillingPeriodStart", INSTANT),
    ("BillingPeriodEnd", INSTANT),
    ("BillingAccountId", TEXT),
    ("BillingAccountName", TEXT),
    ("BillingAccountType", TEXT),
    ("SubAccountId", TEXT),
    ("SubAccountName", TEXT),
    ("SubAccountType", TEXT),
    ("ServiceProviderName", TEXT),
    ("HostProviderName", TEXT),
    ("ProviderName", TEXT),
    ("PublisherName", TEXT),
    ("InvoiceIssuerName", TEXT),
    ("InvoiceId", TEXT),
    ("InvoiceDetailId", TEXT),
    ("ServiceCategory", TEXT),
    ("ServiceSubcategory", TEXT),
    ("ServiceName", TEXT),
    ("ChargeCategory", TEXT),
    ("ChargeClass", TEXT),
    ("ChargeDescription", TEXT),
    ("ChargeFrequency", TEXT),
    ("RegionId", TEXT),
    ("RegionName", TEXT),
    ("AvailabilityZone", TEXT),
    ("ResourceId", TEXT),
    ("ResourceName", TEXT),
    ("ResourceType", TEXT),
    ("SkuId", TEXT),
    ("SkuMeter", TEXT),
    ("SkuPriceId", TEXT),
    ("SkuPriceDetails", TEXT),
    ("PricingCategory", TEXT),
    ("PricingCurrency", TEXT),
    ("PricingQuantity", QUANTITY),
    ("PricingUnit", TEXT),
    ("PricingCurrencyContractedUnitPrice", QUANTITY),
    ("PricingCurrencyEffectiveCost", QUANTITY),
    ("PricingCurrencyListUnitPrice", QUANTITY),
    ("ListUnitPrice", QUANTITY),
    ("ContractedUnitPrice", QUANTITY),
    ("ConsumedQuantity", QUANTITY),
    ("ConsumedUnit", TEXT),
    ("CommitmentDiscountCategory", TEXT),
    ("CommitmentDiscountId", TEXT),
    ("CommitmentDiscountName", TEXT),
    ("CommitmentDiscountType", TEXT),
    ("CommitmentDiscountStatus", TEXT),
    ("CommitmentDiscountQuantity", QUANTITY),
    ("CommitmentDiscountUnit", TEXT),
    ("CommitmentProgramEligibilityDetails", TEXT),
    ("CapacityReservationId", TEXT),
    ("CapacityReservationStatus", TEXT),
    ("AllocatedMethodId", TEXT),
    ("AllocatedMethodDetails", TEXT),
    ("AllocatedResourceId", TEXT),
    ("AllocatedResourceName", TEXT),
    ("AllocatedTags", TEXT),
    ("ContractApplied", TEXT),
    ("Tags", TAGS),
    ("x_Source", TEXT),
    ("x_Basis", TEXT),
    ("x_Origin", TEXT),
    ("x_Day", pa.date32()),
)

CHARGES = pa.schema([pa.field(name, kind, nullable=name not in _REQUIRED) for name, kind in _CHARGE_COLUMNS])
"""x_Source: the source's configured name. x_Basis: "billed" or "estimated". x_Origin: file and row, or the
request that returned it. x_Day: the UTC day of ChargePeriodStart, to which the charge belongs whole."""

USAGE = pa.schema(
    [
        pa.field("hour", INSTANT, nullable=False),
        pa.field("metric", TEXT, nullable=False),
        pa.field("pool", TEXT, nullable=True),
        pa.field("quantity", MONEY, nullable=False),
        pa.field("facts", TAGS, nullable=False),
        pa.field("x_Source", TEXT, nullable=False),
        pa.field("x_Origin", TEXT, nullable=True),
        pa.field("x_Day", pa.date32(), nullable=False),
    ]
)
"""hour: the start of the hour. metric: a dotted name (gpu.hours, gpu.utilization, tokens.input, requests, …).
pool: the shared thing measured. quantity: >= 0, DECIMAL(38,12). facts: what the provider says of who used it."""
