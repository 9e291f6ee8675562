"""The columns of Oracle's cost reports; their case differs between what Oracle documents and what it writes."""

from collectors.files.choosing import fields_by_column, refuse_missing

TAG = "tags/"
"""How the columns of tags begin: a report has one for each key."""

COST, CURRENCY = "cost/mycost", "cost/currencycode"
START, END = "lineitem/intervalusagestart", "lineitem/intervalusageend"
CORRECTION = "lineitem/iscorrection"
REQUIRED = (COST, CURRENCY, START, END)
OPTIONAL = (
    CORRECTION,
    "cost/billingunitreadable",
    "cost/productsku",
    "cost/skuunitdescription",
    "cost/subscriptionid",
    "cost/unitprice",
    "lineitem/tenantid",
    "product/availabilitydomain",
    "product/compartmentid",
    "product/compartmentname",
    "product/description",
    "product/region",
    "product/resourceid",
    "product/service",
    "usage/billedquantity",
)


def choose_columns(names: list[str]) -> dict[str, str]:
    """Return the columns to read by their name in the file, in small letters but for the keys of tags.

    Raises UnreadableError where a required column is missing, or one comes twice.
    """
    chosen = fields_by_column(names, _field_of)
    missing = [name for name in REQUIRED if name not in chosen.values()]
    refuse_missing(names, missing, "is no cost report of Oracle", _advice(names))
    return chosen


def _field_of(name: str) -> str | None:
    small = name.lower()
    if small.startswith(TAG):
        key = name[len(TAG) :].strip()
        return TAG + key if key else None
    return small if small in REQUIRED or small in OPTIONAL else None


def _advice(names: list[str]) -> str:
    small = {name.strip().lower() for name in names}
    if "billedcost" in small:
        return "; read Oracle's FOCUS reports with type: focus"
    if "usage/consumedquantity" in small:
        return "; usage reports have no costs: name the folder of cost reports, reports/cost-csv"
    return ""
