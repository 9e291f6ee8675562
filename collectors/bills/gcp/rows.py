"""A page of an export in, charges of our schema out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import RowProblem
from collectors.bills.focus_rows import convert_charges
from collectors.bills.gcp.asking import Columns
from collectors.bills.gcp.credits import Credits, net_costs, number_of, read_credits
from collectors.bills.gcp.labels import tags_of
from collectors.bills.gcp.months import invoice_ends, invoice_starts
from collectors.bills.gcp.services import SERVICE_CATEGORIES
from collectors.bills.gcp.tables import FOCUS, Layout
from collectors.bills.gcp.usage_rows import FREQUENCIES, UsageRows, ends_of
from collectors.files.block import Block
from collectors.files.rows import ReadRows, note_faults
from collectors.problems import Problems
from collectors.schema import CHARGES, INSTANT
from collectors.values.distinct import named

_IN_TABLE: Mapping[str, str] = {
    "BilledCost": "cost",
    "EffectiveCost": "cost",
    "ContractedCost": "cost",
    "ListCost": "cost_at_list",
    "BillingCurrency": "currency",
    "ChargePeriodStart": "usage_start_time",
    "ChargePeriodEnd": "usage_end_time",
    "PricingQuantity": "usage.amount_in_pricing_units",
    "ConsumedQuantity": "usage.amount",
    "ListUnitPrice": "price.list_price",
    "ContractedUnitPrice": "price.effective_price",
}
"""Where a problem of a FOCUS column stands in the standard and the detailed export."""

_OF_A_SALE = (
    *("Sku", "Consumed", "CommitmentDiscount", "ListUnit", "ContractedUnit"),
    *(f"Pricing{name}" for name in ("Category", "Quantity", "Unit", "CurrencyC", "CurrencyE", "CurrencyL")),
)
"""How the columns begin that a credit has not."""


def convert_page(layout: Layout, page: Columns, block: Block, source: str, problems: Problems) -> Iterator[ReadRows]:
    """Convert a page; note every value that is wrong and yield nothing where there is any.

    `block` says whose rows these are, and from which one they count; its columns are those of the page.
    """
    before = len(problems)
    credits_of, faults = read_credits(page["credits"])
    note_faults(block, layout.credits, faults, problems)
    tags = tags_of(page, block.rows)
    note_faults(block, "labels", tags.faults, problems)
    times = {name: _instants(column) for name, column in page.items() if _is_time(layout, name)}
    of_layout = _focus_columns if layout is FOCUS else _usage_columns
    columns = of_layout(page, times, credits_of, block, problems) | {"Tags": tags.values}
    found = Problems()
    rows = convert_charges(replace(block, columns=columns), source, found)
    problems.take(found, {} if layout is FOCUS else _IN_TABLE)
    if rows is None or len(problems) > before:
        return
    yield _with_origins(rows, block.place, page["number"])
    yield from _promotions(replace(block, columns=columns), page["number"], credits_of, source)


def _is_time(layout: Layout, name: str) -> bool:
    return any(field.name == name and field.form == "instant" for field in layout.fields)


def _instants(micros: pa.Array) -> pa.Array:
    return micros.cast(pa.int64()).cast(INSTANT)


def _usage_columns(
    page: Columns, times: Columns, credits_of: Sequence[Credits], block: Block, problems: Problems
) -> dict[str, pa.Array]:
    starts, ends = invoice_starts(page["month"]), invoice_ends(page["month"])
    note_faults(block, "invoice.month", starts.faults, problems)
    return UsageRows(page, block.rows, credits_of).columns() | {
        "BillingCurrency": page["currency"],
        "ChargePeriodStart": times["start"],
        "ChargePeriodEnd": ends_of(times["start"], times["end"]),
        "BillingPeriodStart": starts.values,
        "BillingPeriodEnd": ends.values,
    }


def _focus_columns(
    page: Columns, times: Columns, credits_of: Sequence[Credits], block: Block, problems: Problems
) -> dict[str, pa.Array]:
    """Take Google's columns as they are, promotions apart: its costs have the credits of their row in them."""
    _refuse_costs_without_credits(page, credits_of, block, problems)
    apart = [Credits(one.discount - one.total) for one in credits_of]
    costs = {name: net_costs(page[name], apart) for name in ("BilledCost", "EffectiveCost") if name in page}
    columns = {name: times.get(name, column) for name, column in page.items() if name in CHARGES.names}
    ends = ends_of(times["ChargePeriodStart"], times["ChargePeriodEnd"])
    return _left_out(page, block.rows) | columns | costs | {"ChargePeriodEnd": ends}


def _left_out(page: Columns, rows: int) -> dict[str, pa.Array]:
    """Return columns that Google's FOCUS export has not: who issues the invoice, categories, how often it is billed."""
    nothing = pa.nulls(rows, pa.string())
    service, category = page.get("ServiceName", nothing), page.get("ChargeCategory", nothing)
    return {
        "InvoiceIssuerName": pa.repeat(pa.scalar("Google Cloud"), rows),
        "ServiceCategory": named(service, SERVICE_CATEGORIES, "Other"),
        "ChargeFrequency": named(category, FREQUENCIES, "One-Time"),
        "SubAccountType": pc.if_else(
            page.get("SubAccountId", nothing).is_valid(), pa.scalar("Project"), pa.scalar(None, pa.string())
        ),
    }


def _refuse_costs_without_credits(
    page: Columns, credits_of: Sequence[Credits], block: Block, problems: Problems
) -> None:
    """Refuse rows that bill what they cost before their credits: views of one's own may have been made so."""
    if "ContractedCost" not in page:
        return
    for row, one in enumerate(credits_of):
        billed, contracted = (number_of(page[name][row].as_py()) for name in ("BilledCost", "ContractedCost"))
        if one.total and billed is not None and billed == contracted:
            message = f"leaves out the row's credits of {one.total:f}; read the detailed export instead"
            problems.add_value(RowProblem(block.place, block.first_row + row, "BilledCost", f"{billed:f}", message))


def _with_origins(rows: ReadRows, place: str, numbers: pa.Array) -> ReadRows:
    """Name rows by table, hour and number: the same whichever window and page they came in."""
    hours = pc.strftime(rows.batch.column("ChargePeriodStart"), format="%Y-%m-%dT%HZ")
    named_by = pc.binary_join_element_wise(
        pc.binary_join_element_wise(place.partition(" ")[0], hours, " "), numbers, ":"
    )
    at = rows.batch.schema.get_field_index("x_Origin")
    return replace(rows, batch=rows.batch.set_column(at, CHARGES.field(at), named_by))


def _promotions(block: Block, numbers: pa.Array, credits_of: Sequence[Credits], source: str) -> Iterator[ReadRows]:
    """Yield a charge for every promotion, a credit beside the row that it paid for."""
    found = [(row, credit) for row, one in enumerate(credits_of) for credit in one.promotions]
    if not found:
        return
    at = pa.array([row for row, _ in found])
    columns = {name: column.take(at) for name, column in block.columns.items() if not name.startswith(_OF_A_SALE)}
    amounts = pa.array([f"{credit.amount:f}" for _, credit in found])
    columns |= dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), amounts)
    columns |= {
        "ChargeCategory": pa.repeat(pa.scalar("Credit"), len(found)),
        "ChargeFrequency": pa.repeat(pa.scalar("One-Time"), len(found)),
        "ChargeDescription": pa.array([credit.name or credit.type for _, credit in found], pa.string()),
    }
    problems = Problems()
    rows = convert_charges(Block(block.place, block.first_row, len(found), columns), source, problems)
    problems.raise_if_any(source)
    if rows is not None:
        yield _with_origins(rows, block.place, numbers.take(at))
