"""Rows of Azure's cost exports: a block of actual or amortised costs in, charges of our schema out.

Both exports hold the same usage. What a reservation or savings plan covers costs 0 in the actual one, which has the
purchase, and its share of the price in the amortised one, which has the unused rest and no purchase. So BilledCost is
the actual cost, EffectiveCost the amortised one, and what no commitment touches is equal in both.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.azure.cost_fields import (
    CATEGORIES,
    braced,
    last_names,
    mapped,
    region_ids,
    resource_types,
    subscription_ids,
    to_days,
)
from collectors.bills.focus_rows import convert_charges
from collectors.files.block import Block
from collectors.files.rows import ReadRows, note_faults
from collectors.problems import Problems

_SHOWN = {"date": "Date", "billing_start": "BillingPeriodStartDate", "billing_end": "BillingPeriodEndDate"}
_OURS = {
    "BilledCost": "CostInBillingCurrency",
    "EffectiveCost": "CostInBillingCurrency",
    "ContractedCost": "CostInBillingCurrency",
    "ListCost": "PaygCostInBillingCurrency",
    "ListUnitPrice": "PayGPrice",
    "ContractedUnitPrice": "UnitPrice",
    "PricingQuantity": "Quantity",
    "ChargePeriodStart": "Date",
    "ChargePeriodEnd": "Date",
}
"""Which column of the export a column of FOCUS comes from."""

_DAY = pa.scalar(timedelta(days=1), pa.duration("us"))
_NONE = pa.scalar(None, pa.string())
_ZERO = pa.scalar("0")
_CHARGES = {
    "Usage": "Usage",
    "UnusedReservation": "Usage",
    "UnusedSavingsPlan": "Usage",
    "Purchase": "Purchase",
    "Refund": "Purchase",
    "Tax": "Tax",
    "Credit": "Credit",
    "Adjustment": "Adjustment",
    "RoundingAdjustment": "Adjustment",
}
_FREQUENCIES = {"OneTime": "One-Time", "Recurring": "Recurring", "UsageBased": "Usage-Based"}
_PRICING = {"OnDemand": "Standard", "Spot": "Dynamic", "Reservation": "Committed", "SavingsPlan": "Committed"}
_COMMITTED = {"Reservation": "Reservation", "SavingsPlan": "Savings plan"}
_UNUSED = {"UnusedReservation": "Reservation", "UnusedSavingsPlan": "Savings plan"}
_CATEGORY_OF = {"Reservation": "Usage", "Savings plan": "Spend"}


class Part(Enum):
    """What an export of costs stands for."""

    ACTUAL = "actual"
    """Alone: each cost is billed and effective."""

    AMORTIZED = "amortized"
    """Effective costs, of which what no commitment covers is billed as well."""

    PURCHASES = "purchases"
    """Actual costs beside amortised ones: only what is bought for commitments, and given back of it."""


@dataclass(frozen=True)
class _Kinds:
    """What each row is: its FOCUS category, and the kind of commitment it has to do with, null where none."""

    category: pa.Array
    commitment: pa.Array
    is_used: pa.Array
    is_unused: pa.Array

    @property
    def is_committed(self) -> pa.Array:
        return self.commitment.is_valid()


def convert_costs(part: Part, block: Block, source: str, problems: Problems) -> ReadRows | None:
    """Convert a block; note every value that is wrong and return None where there is any."""
    before = len(problems)
    kinds = _kinds(block)
    days = {name: _days(block, name, problems) for name in _SHOWN if name in block.columns}
    columns = _described(block) | _priced(block) | _committed(block, kinds) | _costs(part, block, kinds)
    columns["ChargePeriodStart"] = days["date"]
    columns["ChargePeriodEnd"] = pc.add(days["date"], _DAY)
    if "billing_start" in days and "billing_end" in days:
        columns["BillingPeriodStart"] = days["billing_start"]
        columns["BillingPeriodEnd"] = pc.add(days["billing_end"], _DAY)
    found = Problems()
    rows = convert_charges(Block(block.place, block.first_row, block.rows, columns), source, found)
    _tell(found, block, problems)
    if rows is None or len(problems) > before:
        return None
    if part is not Part.PURCHASES:
        return rows
    return replace(rows, batch=rows.batch.filter(_is_purchase(block, kinds)))


def _tell(found: Problems, block: Block, problems: Problems) -> None:
    """Tell each problem once, by the column of the export: one cost stands in several of FOCUS' columns."""
    told = {replace(problem, field=_OURS.get(problem.field or "", problem.field)): None for problem in found.listed}
    for problem in told:
        problems.add_value(problem)
    if len(found) > len(found.listed):
        problems.add(
            block.place, f"has {len(found) - len(found.listed)} more in the rows from here", row=block.first_row
        )


def _text(block: Block, name: str) -> pa.Array:
    column = block.columns.get(name)
    if column is None:
        return pa.nulls(block.rows, pa.string())
    return column if pa.types.is_string(column.type) or pa.types.is_nested(column.type) else column.cast(pa.string())


def _days(block: Block, name: str, problems: Problems) -> pa.Array:
    converted = to_days(block.columns[name])
    note_faults(block, _SHOWN[name], converted.faults, problems)
    return converted.values


def _kinds(block: Block) -> _Kinds:
    charge = _text(block, "charge_type").fill_null("Usage")
    category = mapped(charge, _CHARGES, "Adjustment")
    unused = mapped(charge, _UNUSED, None)
    told = mapped(_text(block, "pricing_model"), _COMMITTED, None)
    reserved = pc.if_else(_text(block, "reservation").is_valid(), pa.scalar("Reservation"), _NONE)
    planned = pc.if_else(_text(block, "benefit").is_valid(), pa.scalar("Savings plan"), _NONE)
    commitment = pc.coalesce(unused, told, reserved, planned)
    is_usage = pc.equal(category, "Usage")
    return _Kinds(
        category, commitment, pc.and_(is_usage, pc.and_(commitment.is_valid(), unused.is_null())), unused.is_valid()
    )


def _costs(part: Part, block: Block, kinds: _Kinds) -> dict[str, pa.Array]:
    cost = _text(block, "cost")
    free = pc.if_else(cost.is_valid(), _ZERO, _NONE)
    listed = pc.if_else(pc.equal(kinds.category, "Usage"), _text(block, "list_cost"), _NONE)
    contracted = pc.if_else(kinds.is_committed, _NONE, cost)
    if part is Part.ACTUAL:
        return {"BilledCost": cost, "EffectiveCost": cost, "ListCost": listed, "ContractedCost": contracted}
    if part is Part.AMORTIZED:
        billed = pc.if_else(kinds.is_committed, free, cost)
        return {"BilledCost": billed, "EffectiveCost": cost, "ListCost": listed, "ContractedCost": contracted}
    billed = pc.if_else(_is_purchase(block, kinds), cost, free)
    return {"BilledCost": billed, "EffectiveCost": free, "ListCost": free, "ContractedCost": billed}


def _is_purchase(block: Block, kinds: _Kinds) -> pa.Array:
    """Tell what is bought for commitments; their usage costs 0 here, and is billed all the same where it does not."""
    costs = pc.match_substring_regex(_text(block, "cost").fill_null("0"), r"^[^eE]*[1-9]")
    is_covered = pc.and_(pc.equal(kinds.category, "Usage"), pc.invert(costs))
    return pc.and_(kinds.is_committed, pc.invert(is_covered))


def _described(block: Block) -> dict[str, pa.Array]:
    resource, location = _text(block, "resource"), _text(block, "location")
    subscription = _text(block, "subscription")
    microsoft = pa.repeat(pa.scalar("Microsoft"), block.rows)
    charge = _text(block, "charge_type")
    return {
        "BillingCurrency": _text(block, "currency"),
        "BillingAccountId": _text(block, "account"),
        "BillingAccountName": _text(block, "account_name"),
        "BillingAccountType": pc.if_else(_text(block, "account").is_valid(), pa.scalar("Billing Account"), _NONE),
        "SubAccountId": subscription_ids(subscription),
        "SubAccountName": _text(block, "subscription_name"),
        "SubAccountType": pc.if_else(subscription.is_valid(), pa.scalar("Subscription"), _NONE),
        "ProviderName": microsoft,
        "PublisherName": pc.coalesce(_text(block, "publisher"), microsoft),
        "InvoiceIssuerName": pc.coalesce(_text(block, "issuer"), microsoft),
        "InvoiceId": _text(block, "invoice"),
        "ServiceCategory": mapped(_text(block, "family").fill_null("Other"), CATEGORIES, "Other"),
        "ServiceName": _text(block, "service"),
        "ChargeClass": mapped(charge, {"Refund": "Correction"}, None),
        "ChargeDescription": _text(block, "description"),
        "ChargeFrequency": mapped(_text(block, "frequency"), _FREQUENCIES, None),
        "RegionId": region_ids(location),
        "RegionName": location,
        "AvailabilityZone": _text(block, "zone"),
        "ResourceId": resource,
        "ResourceName": pc.if_else(
            resource.is_valid(), pc.coalesce(_text(block, "resource_name"), last_names(resource)), _NONE
        ),
        "ResourceType": resource_types(resource),
        "SkuId": _text(block, "meter"),
        "SkuMeter": _text(block, "meter_name"),
        "Tags": _tags(_text(block, "tags")),
    }


def _tags(column: pa.Array) -> pa.Array:
    return braced(column) if pa.types.is_string(column.type) else column


def _priced(block: Block) -> dict[str, pa.Array]:
    """Quantities count in the unit of measure (10K, 100 Hours); prices are read only in the billing currency."""
    currency, pricing = _text(block, "currency"), _text(block, "pricing_currency")
    same = pc.equal(pc.utf8_upper(pc.coalesce(pricing, currency)), pc.utf8_upper(currency))
    return {
        "PricingCurrency": pricing,
        "PricingQuantity": _text(block, "quantity"),
        "PricingUnit": _text(block, "unit"),
        "ListUnitPrice": pc.if_else(same, _text(block, "list_price"), _NONE),
        "ContractedUnitPrice": pc.if_else(same, _text(block, "price"), _NONE),
    }


def _committed(block: Block, kinds: _Kinds) -> dict[str, pa.Array]:
    identity = pc.coalesce(_text(block, "benefit"), _text(block, "reservation"))
    has = pc.and_(kinds.is_committed, identity.is_valid())
    kind = pc.if_else(has, kinds.commitment, _NONE)
    name = pc.coalesce(_text(block, "benefit_name"), _text(block, "reservation_name"))
    status = pc.if_else(kinds.is_unused, pa.scalar("Unused"), pc.if_else(kinds.is_used, pa.scalar("Used"), _NONE))
    is_covered = pc.or_(kinds.is_used, kinds.is_unused)
    model = mapped(_text(block, "pricing_model").fill_null("OnDemand"), _PRICING, "Other")
    bought = pc.if_else(pc.is_in(kinds.category, pa.array(["Usage", "Purchase"])), pa.scalar("Standard"), _NONE)
    open_price = pc.if_else(pc.equal(kinds.category, "Usage"), model, bought)
    return {
        "ChargeCategory": kinds.category,
        "PricingCategory": pc.if_else(is_covered, pa.scalar("Committed"), open_price),
        "CommitmentDiscountId": pc.if_else(has, identity, _NONE),
        "CommitmentDiscountName": pc.if_else(has, name, _NONE),
        "CommitmentDiscountType": kind,
        "CommitmentDiscountCategory": mapped(kind, _CATEGORY_OF, None),
        "CommitmentDiscountStatus": pc.if_else(is_covered, status, _NONE),
    }
