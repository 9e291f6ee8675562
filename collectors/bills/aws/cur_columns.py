"""The columns of Cost and Usage Reports under one spelling, that of CUR 2.0.

Legacy CSV writes lineItem/UnblendedCost, legacy Parquet and CUR 2.0 line_item_unblended_cost; tags are columns
(resourceTags/user:Team, resource_tags_user_team) or, in CUR 2.0, a map.
"""

import re

from collectors.files.choosing import fields_by_column, refuse_missing

TAG, CATEGORY, PRODUCT = "tag ", "category ", "product "
"""How a column's name begins here where its file spreads a map over columns."""

ALL_TAGS = "tags"
"""The map in which CUR 2.0 tells tags of every kind, those of resources and cost categories once more."""

MAPS = ("resource_tags", "cost_category", "product", ALL_TAGS)
COST = "line_item_unblended_cost"
SPLIT_PARENT = "split_line_item_parent_resource_id"
REQUIRED = (COST, "line_item_currency_code", "line_item_line_item_type", "line_item_usage_start_date")
OPTIONAL = (
    "bill_billing_entity",
    "bill_billing_period_end_date",
    "bill_billing_period_start_date",
    "bill_invoice_id",
    "bill_invoicing_entity",
    "bill_payer_account_id",
    "bill_payer_account_name",
    "line_item_availability_zone",
    "line_item_iam_principal",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_usage_account_id",
    "line_item_usage_account_name",
    "line_item_usage_amount",
    "line_item_usage_end_date",
    "line_item_usage_type",
    "pricing_public_on_demand_cost",
    "pricing_public_on_demand_rate",
    "pricing_purchase_option",
    "pricing_rate_code",
    "pricing_unit",
    "reservation_effective_cost",
    "reservation_reservation_a_r_n",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_offering_type",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    SPLIT_PARENT,
)
_PRODUCT_KEYS = ("product_name", "instance_type", "location", "product_family", "region", "region_code", "sku")
_SPREAD = (("resourceTags/", TAG), ("costCategory/", CATEGORY))
_SPREAD_IN_PARQUET = (("resource_tags_", TAG), ("cost_category_", CATEGORY))


def choose_columns(names: list[str]) -> dict[str, str]:
    """Return the columns to read by their name in the file, whatever their spelling and order.

    Raises UnreadableError where a required column is missing, or one comes twice.
    """
    chosen = fields_by_column(names, _field_of)
    refuse_missing(names, [name for name in REQUIRED if name not in chosen.values()], "is no Cost and Usage Report")
    return chosen


def _field_of(name: str) -> str | None:
    for prefix, kind in (*_SPREAD, *_SPREAD_IN_PARQUET):
        if name.startswith(prefix):
            return kind + name.removeprefix(prefix)
    snake = _snake(name)
    if snake in REQUIRED or snake in OPTIONAL or snake in MAPS:
        return snake
    product = snake.removeprefix("product_")
    return PRODUCT + product if snake != product and product in _PRODUCT_KEYS else None


def _snake(name: str) -> str:
    """Spell lineItem/UnblendedCost as line_item_unblended_cost, and reservation/ReservationARN as AWS does, …_a_r_n."""
    if "/" not in name:
        return name.lower()
    spaced = re.sub(r"(?<=[A-Za-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower())
