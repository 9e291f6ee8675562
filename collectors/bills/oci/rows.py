"""Rows of Oracle's cost reports: a block in, charges of our schema out.

Costs are mapped as Oracle maps them in its FOCUS reports: billed and effective cost are `cost/myCost`, which has the
overage in it. A correction is a row of its own that rolls back or amends an earlier one, and is added to it.
"""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.focus_rows import CHARGES_FROM_FOCUS, convert_charges
from collectors.bills.oci.columns import CORRECTION, COST, CURRENCY, END, START, TAG, choose_columns
from collectors.bills.oci.periods import periods_of
from collectors.bills.oci.services import CATEGORIES, RESOURCE_TYPE
from collectors.bills.report import Report
from collectors.files.block import Block
from collectors.files.rows import ReadRows, note_faults
from collectors.problems import Problems
from collectors.schema import CHARGES
from collectors.values.distinct import Distinct, by_distinct
from collectors.values.pairs import pairs_of_columns, to_pairs

_NONE = pa.scalar(None, pa.string())
_CLASSES = {"true": "Correction", "false": None, "": None}
_IN_FILE = {
    "BilledCost": COST,
    "BillingCurrency": CURRENCY,
    "ChargePeriodStart": START,
    "ChargePeriodEnd": END,
    "PricingQuantity": "usage/billedquantity",
    "ContractedUnitPrice": "cost/unitprice",
}
"""Where a problem of a FOCUS column stands in the report."""

_SAME = {"ContractedCost": "BilledCost", "ConsumedQuantity": "PricingQuantity", "ConsumedUnit": "PricingUnit"}
"""Columns that hold what another one holds."""


class _Report(Report):
    """The columns of one block."""

    def where(self, present: pa.Array, word: str) -> pa.Array:
        return pc.if_else(present.is_valid(), pa.scalar(word), _NONE)


def convert_report(block: Block, source: str, problems: Problems) -> ReadRows | None:
    """Convert a block; note every value that is wrong and return None where there is any."""
    before = len(problems)
    report = _Report(block, problems)
    columns = {
        "BilledCost": report.text(COST),
        "BillingCurrency": report.text(CURRENCY),
        "ChargeClass": _classes(report, problems),
        "Tags": _tags(report),
        **periods_of(block),
        **_described(report),
        **_priced(report),
    }
    ours = Problems()
    rows = convert_charges(Block(block.place, block.first_row, block.rows, columns), source, ours)
    problems.take(ours, _IN_FILE)
    if rows is None or len(problems) > before:
        return None
    return replace(rows, batch=_with_the_same(rows.batch))


CHARGES_FROM_REPORTS = replace(CHARGES_FROM_FOCUS, choose=choose_columns, convert=convert_report)
"""Cost reports as charges; covered are the days on which charges start."""


def _classes(report: _Report, problems: Problems) -> pa.Array:
    found = by_distinct(report.text(CORRECTION), _distinct_classes)
    note_faults(report.block, CORRECTION, found.faults, problems)
    return found.values


def _distinct_classes(texts: pa.Array) -> Distinct:
    words = [text.strip().lower() for text in texts.to_pylist()]
    faults = {position: "is neither true nor false" for position, word in enumerate(words) if word not in _CLASSES}
    return Distinct(pa.array([_CLASSES.get(word) for word in words], pa.string()), faults)


def _described(report: _Report) -> dict[str, pa.Array]:
    text = report.text
    oracle = report.constant("Oracle")
    subscription, tenancy, resource = text("cost/subscriptionid"), text("lineitem/tenantid"), text("product/resourceid")
    service = text("product/service")
    return {
        "BillingAccountId": subscription,
        "BillingAccountType": report.where(subscription, "Subscription"),
        "SubAccountId": tenancy,
        "SubAccountType": report.where(tenancy, "Tenancy"),
        "ProviderName": oracle,
        "PublisherName": oracle,
        "InvoiceIssuerName": oracle,
        "ServiceName": service,
        "ServiceCategory": by_distinct(service, _distinct_categories).values.fill_null("Other"),
        "ChargeCategory": report.constant("Usage"),
        "ChargeFrequency": report.constant("Usage-Based"),
        "ChargeDescription": text("product/description"),
        "RegionId": text("product/region"),
        "AvailabilityZone": text("product/availabilitydomain"),
        "ResourceId": resource,
        "ResourceType": _resource_types(resource),
    }


def _distinct_categories(texts: pa.Array) -> Distinct:
    names = [text.strip().upper().replace(" ", "_").replace("-", "_") for text in texts.to_pylist()]
    return Distinct(pa.array([CATEGORIES.get(name, "Other") for name in names], pa.string()), {})


def _resource_types(resources: pa.Array) -> pa.Array:
    types = pc.replace_substring_regex(resources, RESOURCE_TYPE, r"\1")
    return pc.if_else(pc.match_substring_regex(resources, RESOURCE_TYPE), types, _NONE)


def _priced(report: _Report) -> dict[str, pa.Array]:
    """Return what the quantity counts in and costs: a quantity without a unit says nothing, and is left out."""
    text = report.text
    unit = pc.coalesce(text("cost/skuunitdescription"), text("cost/billingunitreadable"))
    return {
        "SkuId": text("cost/productsku"),
        "SkuMeter": text("product/description"),
        "PricingCategory": report.constant("Standard"),
        "PricingUnit": unit,
        "PricingQuantity": pc.if_else(unit.is_valid(), text("usage/billedquantity"), _NONE),
        "ContractedUnitPrice": text("cost/unitprice"),
    }


def _tags(report: _Report) -> pa.MapArray:
    """Return tags by their keys (those that are defined as NAMESPACE.KEY), and the compartment as oci/compartment."""
    named = {name.removeprefix(TAG): name for name in report.block.columns if name.startswith(TAG)}
    named |= {"oci/compartment": "product/compartmentname", "oci/compartment_id": "product/compartmentid"}
    columns = [report.text(name) for name in named.values()]
    return to_pairs(pairs_of_columns(list(named), columns, report.block.rows)).values


def _with_the_same(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [batch.column(_SAME.get(name, name)) for name in CHARGES.names]
    return pa.RecordBatch.from_arrays(columns, schema=CHARGES)
