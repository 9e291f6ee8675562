"""Rows of the standard and the detailed export, as columns of FOCUS."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Context

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.gcp.asking import Columns
from collectors.bills.gcp.credits import Credits, net_costs, number_of
from collectors.bills.gcp.services import SERVICE_CATEGORIES
from collectors.values.distinct import named

_NOTHING = pa.scalar(None, pa.string())
_QUOTIENTS = Context(prec=60)
_HOUR = pa.scalar(timedelta(hours=1), pa.duration("us"))
_CATEGORIES = {"regular": "Usage", "tax": "Tax", "adjustment": "Adjustment", "rounding_error": "Adjustment"}
FREQUENCIES = {"Usage": "Usage-Based", "Purchase": "Recurring"}
"""ChargeFrequency by ChargeCategory; everything else comes once."""

_FEE = "^Commitment"
_SPENT = "^Commitment - dollar based"
_SPOT = "Spot Preemptible|Preemptible "
_TYPE_OF_RESOURCE = r"^//([^/]+)\.googleapis\.com/(?:.*/)?([^/]+)/[^/]+$"


class UsageRows:
    """One page of an export, missing columns as nulls; `columns` gives those of FOCUS."""

    def __init__(self, page: Columns, rows: int, credits_of: Sequence[Credits]) -> None:
        self._page = page
        self._rows = rows
        self._credits = credits_of

    def text(self, name: str) -> pa.Array:
        """Return a column of the export; what is empty is missing."""
        column = self._page.get(name)
        if column is None:
            return pa.nulls(self._rows, pa.string())
        return pc.if_else(pc.equal(column, ""), _NOTHING, column)

    def columns(self) -> dict[str, pa.Array]:
        """Return everything but the times, the currency and the tags."""
        is_fee = pc.match_substring_regex(self.text("sku_name").fill_null(""), _FEE)
        kinds = named(self.text("cost_type").fill_null("regular"), _CATEGORIES, "Adjustment")
        categories = pc.if_else(pc.and_(pc.equal(kinds, "Usage"), is_fee), pa.scalar("Purchase"), kinds)
        return self._described(categories) | self._priced(categories) | self._committed(categories)

    def _constant(self, text: str) -> pa.Array:
        return pa.repeat(pa.scalar(text), self._rows)

    def _described(self, categories: pa.Array) -> dict[str, pa.Array]:
        text = self.text
        google = self._constant("Google Cloud")
        resource = pc.coalesce(text("resource"), text("resource_name"))
        corrected = pc.or_(text("correction").is_valid(), text("correction_id").is_valid())
        return {
            "BillingAccountId": text("account"),
            "BillingAccountType": self._constant("Billing Account"),
            "SubAccountId": text("project"),
            "SubAccountName": text("project_name"),
            "SubAccountType": pc.if_else(text("project").is_valid(), pa.scalar("Project"), _NOTHING),
            "ProviderName": google,
            "PublisherName": pc.coalesce(text("seller"), google),
            "InvoiceIssuerName": google,
            "ServiceName": text("service"),
            "ServiceCategory": named(text("service"), SERVICE_CATEGORIES, "Other"),
            "ChargeCategory": categories,
            "ChargeClass": pc.if_else(corrected, pa.scalar("Correction"), _NOTHING),
            "ChargeDescription": text("sku_name"),
            "ChargeFrequency": named(categories, FREQUENCIES, "One-Time"),
            "RegionId": text("region"),
            "RegionName": text("region"),
            "AvailabilityZone": text("zone"),
            "ResourceId": resource,
            "ResourceName": pc.if_else(resource.is_valid(), pc.coalesce(text("resource_name"), resource), _NOTHING),
            "ResourceType": _resource_types(text("resource"), resource),
        }

    def _priced(self, categories: pa.Array) -> dict[str, pa.Array]:
        text = self.text
        cost = text("cost")
        sold = pc.is_in(categories, pa.array(["Usage", "Purchase"]))
        used = pc.equal(categories, "Usage")

        def where(condition: pa.Array, column: pa.Array) -> pa.Array:
            return pc.if_else(condition, column, _NOTHING)

        unit, consumed = text("priced_unit"), text("used_unit")
        net = net_costs(cost, self._credits)
        return {
            "BilledCost": net,
            "EffectiveCost": net,
            "ContractedCost": cost,
            "ListCost": pc.coalesce(text("list_cost"), cost),
            "SkuId": where(sold, text("sku")),
            "SkuMeter": where(sold, text("sku_name")),
            "SkuPriceId": where(sold, self._price_ids()),
            "PricingQuantity": where(pc.and_(sold, unit.is_valid()), text("priced")),
            "PricingUnit": where(pc.and_(sold, text("priced").is_valid()), unit),
            "ConsumedQuantity": where(pc.and_(used, consumed.is_valid()), text("used")),
            "ConsumedUnit": where(pc.and_(used, text("used").is_valid()), consumed),
            "ListUnitPrice": where(sold, self._unit_prices("list_price")),
            "ContractedUnitPrice": where(sold, self._unit_prices("price")),
        }

    def _price_ids(self) -> pa.Array:
        """Return a price's identity: the SKU, and the usage from which its tier counts."""
        tiers = pc.replace_substring_regex(self.text("tier").fill_null("0"), r"\.0+$", "")
        return pc.binary_join_element_wise(self.text("sku"), tiers, "/")

    def _unit_prices(self, name: str) -> pa.Array:
        """Return prices of one pricing unit: Google names them for a number of units, mostly one."""
        prices, quantities = self.text(name), self.text("price_quantity").fill_null("1")
        if pc.all(pc.equal(quantities, "1")).as_py() in {True, None}:
            return prices
        pairs = zip(prices.to_pylist(), quantities.to_pylist(), strict=True)
        return pa.array([_unit_price(price, quantity) for price, quantity in pairs], pa.string())

    def _committed(self, categories: pa.Array) -> dict[str, pa.Array]:
        """Tell commitments: the fee is a purchase by the hour, and what it covers is usage with a credit."""
        is_fee = pc.equal(categories, "Purchase")
        is_used = pc.and_(
            pc.equal(categories, "Usage"), pa.array([one.commitment is not None for one in self._credits])
        )
        spot = pc.match_substring_regex(self.text("sku_name").fill_null(""), _SPOT)
        open_price = pc.if_else(spot, pa.scalar("Dynamic"), pa.scalar("Standard"))
        sold = pc.is_in(categories, pa.array(["Usage", "Purchase"]))
        priced = pc.if_else(is_used, pa.scalar("Committed"), open_price)
        named_by = pa.array([one.commitment and one.commitment.id for one in self._credits], pa.string())
        identity = pc.coalesce(self.text("subscription"), named_by)
        told = pc.and_(pc.or_(is_fee, is_used), identity.is_valid())
        of_spend = pc.match_substring_regex(self.text("sku_name").fill_null(""), _SPENT)
        of_fee = pc.if_else(of_spend, pa.scalar("Spend"), pa.scalar("Usage"))
        of_usage = pa.array([one.committed_to for one in self._credits], pa.string())
        kind = pc.if_else(told, pc.if_else(is_fee, of_fee, of_usage), _NOTHING)
        name = pa.array([one.commitment and one.commitment.name for one in self._credits], pa.string())
        return {
            "PricingCategory": pc.if_else(sold, priced, _NOTHING),
            "CommitmentDiscountId": pc.if_else(told, identity, _NOTHING),
            "CommitmentDiscountCategory": kind,
            "CommitmentDiscountType": named(kind, {"Usage": "Resource-based", "Spend": "Spend-based"}, None),
            "CommitmentDiscountName": pc.if_else(told, pc.coalesce(name, self.text("sku_name")), _NOTHING),
            "CommitmentDiscountStatus": pc.if_else(pc.and_(told, is_used), pa.scalar("Used"), _NOTHING),
        }


def ends_of(starts: pa.Array, ends: pa.Array) -> pa.Array:
    """Return the ends of charge periods: what has no length, as some corrections have none, counts in its hour."""
    return pc.if_else(pc.equal(starts, ends), pc.add(starts, _HOUR), ends)


def _unit_price(price: str | None, quantity: str) -> str | None:
    amount, units = number_of(price), number_of(quantity)
    if amount is None or not units:
        return price
    return f"{_QUOTIENTS.divide(amount, units):f}"


def _resource_types(names: pa.Array, resources: pa.Array) -> pa.Array:
    """Return compute/instance for //compute.googleapis.com/projects/P/zones/Z/instance/1."""
    found = pc.replace_substring_regex(names, _TYPE_OF_RESOURCE, r"\1/\2")
    known = pc.if_else(pc.match_substring_regex(names, _TYPE_OF_RESOURCE), found, pa.scalar("Resource"))
    return pc.if_else(resources.is_valid(), known.fill_null("Resource"), _NOTHING)
