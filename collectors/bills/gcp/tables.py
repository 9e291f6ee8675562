"""Export tables: which kind a table is, and the queries that read it. Every value is asked for as text.

Text because Google's client would make floats of the costs, which are FLOAT64 in the standard and detailed exports:
BigQuery writes such a number with the fewest digits that are read back as the same one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from collectors.base import CollectError, Window
from collectors.schema import CHARGES, INSTANT

Form = Literal["text", "instant", "json"]

_AHEAD = timedelta(days=35)
"""How long before its usage a row may be exported: a month's subscription is billed when it begins."""


@dataclass(frozen=True)
class Field:
    """One value of a row: `name` is ours, `path` where the table has it."""

    name: str
    path: str
    form: Form = "text"
    required: bool = False


@dataclass(frozen=True)
class Layout:
    """What is read of one kind of table; `start` and `exported` are paths of times, `credits` of the nested credits."""

    kind: str
    fields: tuple[Field, ...]
    start: str
    exported: str
    credits: str
    credit_type: str
    credit_amount: str


@dataclass(frozen=True)
class ExportTable:
    """A table as BigQuery describes it: PROJECT.DATASET.TABLE, its layout and the fields that it has.

    `by_ingestion` tells whether it is partitioned by the day on which rows were written.
    """

    name: str
    layout: Layout
    paths: frozenset[str]
    by_ingestion: bool

    @property
    def fields(self) -> Iterator[Field]:
        """Yield the fields that there are: exports grow columns, and old ones lack some."""
        return (field for field in self.layout.fields if field.path in self.paths)


USAGE = Layout(
    "usage",
    (
        Field("start", "usage_start_time", "instant", required=True),
        Field("end", "usage_end_time", "instant", required=True),
        Field("exported", "export_time", "instant", required=True),
        Field("cost", "cost", required=True),
        Field("currency", "currency", required=True),
        Field("credits", "credits", "json", required=True),
        Field("month", "invoice.month", required=True),
        Field("account", "billing_account_id"),
        Field("cost_type", "cost_type"),
        Field("service", "service.description"),
        Field("sku", "sku.id"),
        Field("sku_name", "sku.description"),
        Field("project", "project.id"),
        Field("project_name", "project.name"),
        Field("project_labels", "project.labels", "json"),
        Field("labels", "labels", "json"),
        Field("system_labels", "system_labels", "json"),
        Field("tags", "tags", "json"),
        Field("location", "location.location"),
        Field("region", "location.region"),
        Field("zone", "location.zone"),
        Field("resource", "resource.global_name"),
        Field("resource_name", "resource.name"),
        Field("list_cost", "cost_at_list"),
        Field("used", "usage.amount"),
        Field("used_unit", "usage.unit"),
        Field("priced", "usage.amount_in_pricing_units"),
        Field("priced_unit", "usage.pricing_unit"),
        Field("price", "price.effective_price"),
        Field("list_price", "price.list_price"),
        Field("price_quantity", "price.pricing_unit_quantity"),
        Field("tier", "price.tier_start_amount"),
        Field("correction", "adjustment_info.type"),
        Field("correction_id", "adjustment_info.id"),
        Field("seller", "seller_name"),
        Field("subscription", "subscription.instance_id"),
    ),
    "usage_start_time",
    "export_time",
    "credits",
    "type",
    "amount",
)
"""The standard and the detailed export, which is the standard one with resources."""

_OURS = tuple(name for name in CHARGES.names if not name.startswith("x_") and name != "Tags")
_NEEDED = {"BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd"}

FOCUS = Layout(
    "focus",
    (
        *(
            Field(name, name, "instant" if CHARGES.field(name).type == INSTANT else "text", name in _NEEDED)
            for name in _OURS
        ),
        Field("exported", "x_ExportTime", "instant", required=True),
        Field("credits", "x_Credits", "json", required=True),
        Field("labels", "x_Labels", "json"),
        Field("project_labels", "x_ProjectLabels", "json"),
        Field("system_labels", "x_SystemLabels", "json"),
        Field("tags", "x_Tags", "json"),
    ),
    "ChargePeriodStart",
    "x_ExportTime",
    "x_Credits",
    "Type",
    "Amount",
)
"""Google's own export in the FOCUS format."""


def table_of(name: str, described: Any) -> ExportTable:
    """Tell what a table is by the columns that it has; raise CollectError where it is no export of Cloud Billing."""
    paths = frozenset(_paths(described.schema, ""))
    layout = FOCUS if "BilledCost" in paths else USAGE
    missing = [field.path for field in layout.fields if field.required and field.path not in paths]
    if missing:
        raise CollectError(f"{name} is no export of Cloud Billing: it has no {', '.join(missing)}", permanent=True)
    partitioning = described.time_partitioning
    return ExportTable(name, layout, paths, partitioning is not None and partitioning.field is None)


def _paths(fields: Iterable[Any], above: str) -> Iterator[str]:
    for field in fields:
        path = f"{above}{field.name}"
        yield path
        yield from _paths(field.fields, f"{path}.")


def rows_query(table: ExportTable, window: Window) -> str:
    """Return the query for the rows whose usage starts in the window; `number` counts the rows of an hour.

    Rows are only ever added, and with later times of export: those that were there keep their numbers.
    """
    # Names are quoted: `end` is a word of SQL.
    chosen = ",\n  ".join(f"{_EXPRESSIONS[field.form].format(field.path)} AS `{field.name}`" for field in table.fields)
    start = next(field.name for field in table.fields if field.path == table.layout.start)
    number = (
        f"ROW_NUMBER() OVER (PARTITION BY DIV(CAST(r.`{start}` AS INT64), 3600000000)"
        " ORDER BY r.exported, TO_JSON_STRING(r))"
    )
    return (
        f"SELECT r.*, CAST({number} AS STRING) AS number\nFROM (SELECT\n  {chosen}\n"
        f"FROM `{table.name}` AS t\nWHERE {_within(table, window)}) AS r"
    )


def counts_query(table: ExportTable, window: Window) -> str:
    """Return the query for how many charges there are of each UTC day: a row, and each promotion, is one."""
    layout = table.layout
    promotions = (
        f"(SELECT COUNT(*) FROM UNNEST(t.{layout.credits}) AS c"  # noqa: S608 - our own names
        f" WHERE c.{layout.credit_type} = 'PROMOTION' AND c.{layout.credit_amount} != 0)"
    )
    return (
        f"SELECT CAST(DATE(t.{layout.start}) AS STRING) AS day,"
        f" CAST(COUNT(*) + SUM({promotions}) AS STRING) AS charges\n"
        f"FROM `{table.name}` AS t\nWHERE {_within(table, window)}\nGROUP BY day"
    )


def newest_query(table: ExportTable, since: datetime) -> str:
    """Return the query for when the newest row was exported."""
    exported = f"t.{table.layout.exported}"
    where = " AND ".join([f"{exported} >= {_instant(since)}", *_written_since(table, since)])
    newest = f"CAST(UNIX_MICROS(MAX({exported})) AS STRING)"
    return f"SELECT {newest} AS newest\nFROM `{table.name}` AS t\nWHERE {where}"


_EXPRESSIONS: Mapping[Form, str] = {
    "text": "CAST(t.{} AS STRING)",
    "instant": "CAST(UNIX_MICROS(t.{}) AS STRING)",
    "json": "TO_JSON_STRING(t.{})",
}


def _within(table: ExportTable, window: Window) -> str:
    start = f"t.{table.layout.start}"
    span = [f"{start} >= {_instant(window.start)}", f"{start} < {_instant(window.end)}"]
    return " AND ".join([*span, *_written_since(table, window.start)])


def _written_since(table: ExportTable, instant: datetime) -> list[str]:
    """Leave out, and do not pay for, the partitions of days that are long before; newest rows are in none yet."""
    if not table.by_ingestion:
        return []
    return [f"(_PARTITIONTIME >= {_instant(instant - _AHEAD)} OR _PARTITIONTIME IS NULL)"]


def _instant(instant: datetime) -> str:
    return f'TIMESTAMP("{instant:%Y-%m-%dT%H:%M:%SZ}")'
