"""Rows of Cost and Usage Reports: a block of CUR 2.0 or a legacy report in, charges of our schema out."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from collectors.bills.aws.cur_columns import (
    ALL_TAGS,
    CATEGORY,
    COST,
    PRODUCT,
    REQUIRED,
    SPLIT_PARENT,
    TAG,
    choose_columns,
)
from collectors.bills.aws.cur_costs import Costs, costs_of
from collectors.bills.aws.cur_kinds import (
    CATEGORIES,
    COVERED,
    DISCOUNTED,
    FREQUENCIES,
    NEGATION,
    PRICINGS,
    SERVICE_CATEGORIES,
    USAGE,
)
from collectors.bills.aws.cur_periods import periods_of
from collectors.bills.aws.tags import RESOURCE_TAG_AMONG_ALL, USER_TAG_OF_CUR, merged, renamed
from collectors.bills.focus_fields import pairs_of
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS, convert_charges
from collectors.bills.report import Report
from collectors.files.block import Block
from collectors.files.rows import ReadRows, note_faults
from collectors.problems import Problems
from collectors.schema import CHARGES
from collectors.values.distinct import Fault, named, rows_where
from collectors.values.pairs import pairs_of_columns, to_json

_NAMES_IN_FILE: Mapping[str, str] = {
    "BilledCost": COST,
    "EffectiveCost": "the amortised cost",
    "ListCost": "pricing_public_on_demand_cost",
    "ListUnitPrice": "pricing_public_on_demand_rate",
    "BillingCurrency": "line_item_currency_code",
    "ChargePeriodStart": "line_item_usage_start_date",
    "ChargePeriodEnd": "line_item_usage_end_date",
    "ConsumedQuantity": "line_item_usage_amount",
    "PricingQuantity": "line_item_usage_amount",
}
"""Where a problem of a FOCUS column stands in the report."""


class _Report(Report):
    """The columns of one block, and what it has as maps or spread over columns."""

    def map(self, name: str, kind: str) -> pa.MapArray:
        """Return a map, whether the file has it as one or as columns of a kind."""
        if name in self.block.columns:
            return pairs_of(self.block, name, self.block.columns[name], self.problems)
        spread = [column for column in self.block.columns if column.startswith(kind)]
        texts = [self.text(column) for column in spread]
        return pairs_of_columns([column.removeprefix(kind) for column in spread], texts, self.block.rows)

    def product(self, key: str) -> pa.Array:
        """Return a fact of the product: its own column, or else the map's entry."""
        own = self.text(PRODUCT + key)
        if "product" not in self.block.columns:
            return own
        return pc.coalesce(own, pc.map_lookup(self.map("product", PRODUCT), pa.scalar(key), "last"))


def convert_report(block: Block, source: str, problems: Problems) -> ReadRows | None:
    """Convert a block; note every value that is wrong and return None where there is any.

    Rows of split cost allocation repeat what the row of their instance bills, and are left out.
    """
    before = len(problems)
    report = _Report(block, problems)
    _check_presence(block, problems)
    split = report.text(SPLIT_PARENT).is_valid()
    _refuse_split_costs(report, split, problems)
    costs = costs_of(block, report.text, problems)
    columns = {name: pc.if_else(split, pa.scalar("0"), column) for name, column in costs.columns.items()}
    columns |= periods_of(block) | _facts(report) | {"Tags": _tags(report)}
    ours = Problems()
    rows = convert_charges(Block(block.place, block.first_row, block.rows, columns), source, ours)
    problems.take(ours, _NAMES_IN_FILE)
    if rows is None or len(problems) > before:
        return None
    kept = pc.invert(split)
    return replace(rows, batch=_with_unused(rows.batch, costs, kept))


CHARGES_FROM_REPORTS = replace(CHARGES_FROM_FOCUS, choose=choose_columns, convert=convert_report)
"""Cost and Usage Reports as charges; covered are the days on which charges start."""


def _check_presence(block: Block, problems: Problems) -> None:
    name = REQUIRED[2]
    missing = rows_where(block.columns[name].is_null())
    note_faults(block, name, (Fault(row, None, "is missing") for row in missing), problems)


def _refuse_split_costs(report: _Report, split: pa.Array, problems: Problems) -> None:
    """Refuse a split row that bills anything itself: leaving it out would lose that."""
    cost = report.text(COST)
    bills = pc.and_(split, pc.invert(pc.match_substring_regex(cost.fill_null("0"), r"^[+-]?0*\.?0*(?:[eE].*)?$")))
    message = "is a split row, which repeats its instance's row, and yet has a cost of its own"
    note_faults(report.block, COST, (Fault(row, cost[row].as_py(), message) for row in rows_where(bills)), problems)


def _facts(report: _Report) -> dict[str, pa.Array]:
    text = report.text
    kinds = text("line_item_line_item_type")
    code = text("line_item_product_code")
    resource = text("line_item_resource_id")
    marketplace = pc.equal(text("bill_billing_entity"), "AWS Marketplace").fill_null(pa.scalar(value=False))
    seller = pc.coalesce(text("line_item_legal_entity"), pa.scalar("AWS Marketplace"))
    aws = report.constant("AWS")
    nothing = pa.scalar(None, pa.string())
    return {
        "BillingCurrency": text("line_item_currency_code"),
        "BillingAccountId": text("bill_payer_account_id"),
        "BillingAccountName": text("bill_payer_account_name"),
        "SubAccountId": text("line_item_usage_account_id"),
        "SubAccountName": text("line_item_usage_account_name"),
        "ProviderName": aws,
        "PublisherName": pc.if_else(marketplace, seller, aws),
        "InvoiceIssuerName": text("bill_invoicing_entity"),
        "InvoiceId": text("bill_invoice_id"),
        "ServiceName": pc.coalesce(report.product("product_name"), code),
        "ServiceCategory": named(code, SERVICE_CATEGORIES, "Other"),
        "ChargeCategory": named(kinds, CATEGORIES, "Adjustment"),
        "ChargeClass": named(kinds, {"Refund": "Correction"}, None),
        "ChargeFrequency": named(kinds, FREQUENCIES, "One-Time"),
        "ChargeDescription": text("line_item_line_item_description"),
        "RegionId": pc.coalesce(report.product("region_code"), report.product("region")),
        "RegionName": report.product("location"),
        "AvailabilityZone": text("line_item_availability_zone"),
        "ResourceId": resource,
        "ResourceType": pc.if_else(resource.is_valid(), report.product("product_family"), nothing),
        "SkuId": report.product("sku"),
        "SkuMeter": text("line_item_usage_type"),
        "SkuPriceId": text("pricing_rate_code"),
        "SkuPriceDetails": _price_details(report),
        **_pricing(report, kinds),
        **_commitment(report, kinds),
    }


def _pricing(report: _Report, kinds: pa.Array) -> dict[str, pa.Array]:
    text = report.text
    nothing = pa.scalar(None, pa.string())
    used = pc.is_in(kinds, pa.array([USAGE, DISCOUNTED, COVERED]))
    spot = pc.or_(
        pc.equal(text("pricing_purchase_option"), "Spot").fill_null(pa.scalar(value=False)),
        pc.match_substring(text("line_item_usage_type"), "SpotUsage").fill_null(pa.scalar(value=False)),
    )
    plain = named(kinds, PRICINGS, None)
    unit = pc.if_else(used, text("pricing_unit"), nothing)
    quantity = pc.if_else(unit.is_valid(), text("line_item_usage_amount"), nothing)
    return {
        "PricingCategory": pc.if_else(pc.and_(spot, pc.equal(kinds, USAGE)), pa.scalar("Dynamic"), plain),
        "PricingUnit": unit,
        "PricingQuantity": quantity,
        "ConsumedUnit": unit,
        "ConsumedQuantity": quantity,
        "ListUnitPrice": pc.if_else(used, text("pricing_public_on_demand_rate"), nothing),
    }


def _commitment(report: _Report, kinds: pa.Array) -> dict[str, pa.Array]:
    plan = report.text("savings_plan_savings_plan_a_r_n")
    reservation = report.text("reservation_reservation_a_r_n")
    nothing = pa.scalar(None, pa.string())
    used = named(kinds, dict.fromkeys((DISCOUNTED, COVERED, NEGATION), "Used"), None)
    committed = pc.coalesce(plan, reservation)

    def either(of_plan: str, of_reservation: str) -> pa.Array:
        found = pc.if_else(plan.is_valid(), pa.scalar(of_plan), pa.scalar(of_reservation))
        return pc.if_else(committed.is_valid(), found, nothing)

    return {
        "CommitmentDiscountId": committed,
        "CommitmentDiscountCategory": either("Spend", "Usage"),
        "CommitmentDiscountType": either("Savings Plan", "Reserved Instance"),
        "CommitmentDiscountStatus": pc.if_else(committed.is_valid(), used, nothing),
    }


def _price_details(report: _Report) -> pa.Array:
    kind = report.product("instance_type")
    details = to_json(pairs_of_columns(["InstanceType"], [kind], report.block.rows))
    return pc.if_else(kind.is_valid(), details, pa.scalar(None, pa.string()))


def _tags(report: _Report) -> pa.MapArray:
    """Return tags, AWS' cost categories as cost_category/NAME, and who called Bedrock as aws:iam_principal."""
    every = renamed(report.map(ALL_TAGS, f"{ALL_TAGS} "), RESOURCE_TAG_AMONG_ALL)
    every = renamed(every, "^costCategory/", "cost_category/")
    categories = renamed(report.map("cost_category", CATEGORY), "^(?:costCategory/)?(.*)$", r"cost_category/\1")
    principal = pairs_of_columns(["aws:iam_principal"], [report.text("line_item_iam_principal")], report.block.rows)
    return merged([every, renamed(report.map("resource_tags", TAG), USER_TAG_OF_CUR), categories, principal])


def _with_unused(batch: pa.RecordBatch, costs: Costs, kept: pa.Array) -> pa.RecordBatch:
    """Give what nobody used of a commitment a row of its own, of usage, beside the purchase that it was billed in."""
    unused = batch.filter(pc.and_(costs.unused, pc.not_equal(batch.column("EffectiveCost"), 0)))
    if unused.num_rows:
        zeros = {name: pa.scalar(0).cast(CHARGES.field(name).type) for name in costs.columns}
        billed = _replaced(
            batch, {"EffectiveCost": pc.if_else(costs.unused, zeros["EffectiveCost"], batch.column("EffectiveCost"))}
        )
        words = {
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "PricingCategory": "Committed",
            "CommitmentDiscountStatus": "Unused",
        }
        free = {name: zero for name, zero in zeros.items() if name != "EffectiveCost"}
        constants = {**free, **{name: pa.scalar(word) for name, word in words.items()}}
        rows = _replaced(unused, {name: pa.repeat(value, unused.num_rows) for name, value in constants.items()})
        return pa.concat_batches([billed.filter(kept), rows])
    return batch.filter(kept)


def _replaced(batch: pa.RecordBatch, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    arrays = [columns.get(field.name, batch.column(field.name)) for field in CHARGES]
    return pa.RecordBatch.from_arrays(arrays, schema=CHARGES)
