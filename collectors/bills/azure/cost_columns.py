"""The columns of Azure's cost exports: one name for each, however an agreement and a version spell it."""

from collections.abc import Mapping

from collectors.files.block import UnreadableError
from collectors.files.choosing import refuse_missing

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "cost": ("costinbillingcurrency", "pretaxcost", "cost"),
    "currency": ("billingcurrencycode", "billingcurrency", "currency"),
    "date": ("date", "usagedatetime", "usagedate"),
    "billing_start": ("billingperiodstartdate",),
    "billing_end": ("billingperiodenddate",),
    "charge_type": ("chargetype",),
    "frequency": ("frequency",),
    "pricing_model": ("pricingmodel",),
    "list_cost": ("paygcostinbillingcurrency",),
    "list_price": ("paygprice",),
    "price": ("unitprice",),
    "pricing_currency": ("pricingcurrency", "pricingcurrencycode"),
    "quantity": ("quantity", "usagequantity"),
    "unit": ("unitofmeasure",),
    "account": ("billingaccountid",),
    "account_name": ("billingaccountname",),
    "subscription": ("subscriptionid", "subscriptionguid"),
    "subscription_name": ("subscriptionname",),
    "invoice": ("invoiceid",),
    "issuer": ("partnername",),
    "publisher": ("publishername",),
    "family": ("servicefamily",),
    "service": ("metercategory", "consumedservice"),
    "description": ("productname", "product", "metername"),
    "meter": ("meterid",),
    "meter_name": ("metername",),
    "location": ("resourcelocation", "location"),
    "zone": ("availabilityzone",),
    "resource": ("resourceid", "instanceid"),
    "resource_name": ("resourcename",),
    "reservation": ("reservationid",),
    "reservation_name": ("reservationname",),
    "benefit": ("benefitid",),
    "benefit_name": ("benefitname",),
    "tags": ("tags",),
}
"""EA writes CostInBillingCurrency, MCA costInBillingCurrency, pay-as-you-go PreTaxCost, and so on; the first that a
file has counts. Letters may be large or small, with blanks or underscores between words."""

_REQUIRED = {"cost": "CostInBillingCurrency", "currency": "BillingCurrency", "date": "Date"}


def choose_cost_columns(names: list[str]) -> dict[str, str]:
    """Return the columns of a cost export that are read, by their name in the file.

    Raises UnreadableError where a required column is missing, or one comes twice in two spellings.
    """
    present: dict[str, str] = {}
    for name in names:
        plain = name.strip().lower().replace(" ", "").replace("_", "")
        if plain in present and plain in _KNOWN:
            raise UnreadableError(f"the column {name!r} comes twice")
        present[plain] = name
    chosen: dict[str, str] = {}
    for field, spellings in _SPELLINGS.items():
        found = next((present[one] for one in spellings if one in present and present[one] not in chosen), None)
        if found is not None:
            chosen[found] = field
    missing = [shown for field, shown in _REQUIRED.items() if field not in chosen.values()]
    refuse_missing(names, missing, "is no cost export of Azure")
    return chosen


_KNOWN = frozenset(one for spellings in _SPELLINGS.values() for one in spellings)
