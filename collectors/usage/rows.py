"""Usage rows: hour, metric, pool, quantity and any further columns as facts in, rows of our usage table out."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import RowProblem, Window
from collectors.files.block import Block, UnreadableError
from collectors.files.choosing import fields_by_column
from collectors.files.rows import FileTable, ReadRows, note_faults
from collectors.problems import Problems
from collectors.schema import INSTANT, MONEY, USAGE
from collectors.values.amounts import sum_of_column, to_money
from collectors.values.distinct import Distinct, Fault, by_distinct, rows_where
from collectors.values.instants import to_instants
from collectors.values.pairs import pairs_of_columns

_FIELDS = ("hour", "metric", "pool", "quantity")
_REQUIRED = ("hour", "metric", "quantity")
_METRIC = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")
_HOUR = timedelta(hours=1)


def choose_columns(names: list[str]) -> dict[str, str]:
    """Return every column of a file: ours by their names in any case, the others as facts by their own names.

    Raises UnreadableError where a required column is missing, one comes twice or one has no name.
    """
    chosen = fields_by_column(names, _field_of)
    missing = [name for name in _REQUIRED if name not in chosen.values()]
    if missing:
        raise UnreadableError(f"has no column {', '.join(missing)}; it has {', '.join(names[:8])}")
    return chosen


def _field_of(name: str) -> str:
    if not name:
        raise UnreadableError("has a column without a name")
    return name.lower() if name.lower() in _FIELDS else name


def convert_usage(block: Block, source: str, problems: Problems) -> ReadRows | None:
    """Convert a block; note every value that is wrong and return None where there is any."""
    before = len(problems)
    texts = {name: _text(block, name, problems) for name in block.columns if name != "hour"}
    _check_presence(block, problems)
    hours = _hours(block, problems)
    metrics = by_distinct(texts["metric"], _distinct_metrics)
    note_faults(block, "metric", metrics.faults, problems)
    money = to_money({"quantity": texts["quantity"]}, MONEY)
    note_faults(block, "quantity", money.faults["quantity"], problems)
    quantities = money.values["quantity"]
    negative = rows_where(pc.less(quantities, pa.scalar(0).cast(MONEY)))
    faults = (Fault(row, texts["quantity"][row].as_py(), "is negative; usage is counted upwards") for row in negative)
    note_faults(block, "quantity", faults, problems)
    if len(problems) > before:
        return None
    batch = _assembled(block, source, hours, {**texts, "metric": metrics.values, "quantity": quantities})
    return ReadRows(
        batch,
        written=money.written,
        stored={"quantity": sum_of_column(quantities)},
        periods=frozenset(hour.astimezone(UTC) for hour in pc.unique(hours).to_pylist()),
    )


def covered_hours(hours: AbstractSet[datetime]) -> tuple[Window, ...]:
    """Return one window from the first hour to the last: an hour between them without rows is a zero."""
    return (Window(min(hours), max(hours) + _HOUR),) if hours else ()


USAGE_FROM_FILES = FileTable(
    name="usage", time_column="hour", choose=choose_columns, convert=convert_usage, coverage=covered_hours
)
"""Files of usage; rows that agree in everything but the quantity are all kept, and add up."""


def _text(block: Block, name: str, problems: Problems) -> pa.Array:
    column = block.columns[name]
    if pa.types.is_nested(column.type):
        problems.add(block.place, f"has the type {column.type}, which is no plain value", field=name)
        return pa.nulls(block.rows, pa.string())
    return column.cast(pa.string())


def _check_presence(block: Block, problems: Problems) -> None:
    for name in _REQUIRED:
        missing = rows_where(block.columns[name].is_null())
        note_faults(block, name, (Fault(row, None, "is missing") for row in missing), problems)


def _hours(block: Block, problems: Problems) -> pa.Array:
    column = block.columns["hour"]
    if pa.types.is_nested(column.type):
        problems.add(block.place, f"has the type {column.type}, which is no time", field="hour")
        return pa.nulls(block.rows, INSTANT)
    converted = to_instants(column)
    note_faults(block, "hour", converted.faults, problems)
    hours = converted.values
    whole = pc.equal(hours, pc.floor_temporal(hours, unit="hour"))
    for row in rows_where(pc.invert(whole)):
        shown = column[row].cast(pa.string()).as_py()
        message = "is not the start of an hour in UTC; add the rows up by the hour first"
        problems.add_value(RowProblem(block.place, block.first_row + row, "hour", shown, message))
    return hours


def _distinct_metrics(texts: pa.Array) -> Distinct:
    names = [text.strip() for text in texts.to_pylist()]
    message = "is no metric name; write lower-case words joined by dots, such as gpu.hours"
    faults = {position: message for position, name in enumerate(names) if not _METRIC.fullmatch(name)}
    return Distinct(pa.array(names, pa.string()), faults)


def _assembled(block: Block, source: str, hours: pa.Array, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    facts = [name for name in columns if name not in _FIELDS]
    numbers = pa.array(range(block.first_row, block.first_row + block.rows), pa.int64()).cast(pa.string())
    values = {
        "hour": hours,
        "metric": columns["metric"],
        "pool": columns.get("pool", pa.nulls(block.rows, pa.string())),
        "quantity": columns["quantity"],
        "facts": pairs_of_columns(facts, [columns[name] for name in facts], block.rows),
        "x_Source": pa.repeat(pa.scalar(source), block.rows),
        "x_Origin": pc.binary_join_element_wise(block.place, numbers, ":"),
        "x_Day": hours.cast(pa.date32()),
    }
    return pa.RecordBatch.from_arrays([values[field.name] for field in USAGE], schema=USAGE)
