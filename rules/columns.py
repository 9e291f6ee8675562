"""The columns that rules may name: FOCUS columns by kind, ours, and what counts as a usage fact."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["text", "number", "time"]

TAG_PREFIX = "tags."

_TEXT = (
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "AvailabilityZone",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "CommitmentProgramEligibilityDetails",
    "ConsumedUnit",
    "ContractApplied",
    "HostProviderName",
    "InvoiceDetailId",
    "InvoiceId",
    "InvoiceIssuerName",
    "PricingCategory",
    "PricingCurrency",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "x_Source",
    "x_Basis",
    "x_Origin",
)
_NUMBERS = (
    "BilledCost",
    "CommitmentDiscountQuantity",
    "ConsumedQuantity",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
)
_TIMES = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **dict.fromkeys(_TEXT, "text"),
        **dict.fromkeys(_NUMBERS, "number"),
        **dict.fromkeys(_TIMES, "time"),
    }
)
"""The kind of every column of a charge that a rule may name, tags aside."""

_LOWERED = frozenset(name.lower() for name in KINDS)


def could_be_column(name: str) -> bool:
    """Return whether a name is a column of a charge, a tag, or may be a usage fact.

    Facts are whatever a provider says, so any name is one that does not look like a misspelt FOCUS column.
    """
    if name.startswith(TAG_PREFIX):
        return len(name) > len(TAG_PREFIX)
    if name in KINDS:
        return True
    looks_like_ours = name[:1].isupper() or name.startswith("x_")
    return bool(name) and not looks_like_ours and name.lower() not in _LOWERED
