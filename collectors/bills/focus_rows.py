"""FOCUS rows: a block of any FOCUS 1.0 to 1.4 export in, charges of our schema out."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import RowProblem
from collectors.bills.focus_fields import checked_currencies, coalesced, pairs_of, text_of
from collectors.files.block import Block
from collectors.files.choosing import fields_by_column, refuse_missing
from collectors.files.rows import FileTable, ReadRows, note_faults, spans_of
from collectors.problems import Problems
from collectors.schema import CHARGES, INSTANT, MONEY, QUANTITY, TEXT
from collectors.values.amounts import sum_of_column, to_decimals, to_money
from collectors.values.distinct import Fault, rows_where
from collectors.values.instants import to_instants

_REQUIRED = ("BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd")
_FIELDS = {name.lower(): name for name in CHARGES.names if not name.startswith("x_")}
_MONEY = tuple(name for name in CHARGES.names if CHARGES.field(name).type == MONEY)
_INSTANTS = tuple(name for name in CHARGES.names if CHARGES.field(name).type == INSTANT)
_QUANTITIES = tuple(name for name in CHARGES.names if CHARGES.field(name).type == QUANTITY)
_TEXTS = tuple(name for name in _FIELDS.values() if CHARGES.field(name).type == TEXT and name != "BillingCurrency")
_STAND_INS: Mapping[str, tuple[str, ...]] = {
    "EffectiveCost": ("BilledCost",),
    "ListCost": ("EffectiveCost", "BilledCost"),
    "ServiceProviderName": ("ProviderName", "PublisherName"),
    "HostProviderName": ("ProviderName",),
    "ProviderName": ("ServiceProviderName", "HostProviderName"),
    "PublisherName": ("ServiceProviderName", "ProviderName"),
}
"""Whose values fill a column where it is missing or null, in order. FOCUS 1.3 split ProviderName into service and
host provider and deprecated PublisherName; 1.4 removed both."""


def choose_columns(names: list[str]) -> dict[str, str]:
    """Return the FOCUS columns of a file by their name in the file, whatever its case and order.

    Raises UnreadableError where a required column is missing, or one comes twice.
    """
    chosen = fields_by_column(names, lambda name: _FIELDS.get(name.lower()))
    refuse_missing(names, [name for name in _REQUIRED if name not in chosen.values()], "is no FOCUS export")
    return chosen


def convert_charges(block: Block, source: str, problems: Problems) -> ReadRows | None:
    """Convert a block; note every value that is wrong and return None where there is any."""
    before = len(problems)
    columns = {name: coalesced(block, name, _STAND_INS.get(name, ())) for name in _FIELDS.values()}
    money = to_money({name: text_of(block, name, columns[name], problems) for name in _MONEY}, MONEY)
    for name, faults in money.faults.items():
        note_faults(block, name, _own(faults, block.columns.get(name)), problems)
    values: dict[str, pa.Array] = dict(money.values)
    for name in _INSTANTS:
        values[name] = _instants(block, name, columns[name], problems)
    for name in _QUANTITIES:
        converted = to_decimals(text_of(block, name, columns[name], problems), QUANTITY)
        note_faults(block, name, converted.faults, problems)
        values[name] = converted.values
    values |= {name: text_of(block, name, columns[name], problems) for name in _TEXTS}
    values["BillingCurrency"] = checked_currencies(block, columns["BillingCurrency"], problems)
    values["Tags"] = pairs_of(block, "Tags", columns["Tags"], problems)
    _check_presence(block, problems)
    _check_periods(block, values, problems)
    if len(problems) > before:
        return None
    batch = _assembled(block, source, values)
    counted = [name for name in _MONEY if name != "ContractedCost" or name in block.columns]
    return ReadRows(
        batch,
        written={name: money.written[name] for name in counted},
        stored={name: sum_of_column(values[name]) for name in counted},
        periods=_days(batch),
        currencies=frozenset(pc.unique(batch.column("BillingCurrency")).to_pylist()),
    )


CHARGES_FROM_FOCUS = FileTable(
    name="charges",
    time_column="ChargePeriodStart",
    choose=choose_columns,
    convert=convert_charges,
    coverage=partial(spans_of, length=timedelta(days=1)),
)
"""FOCUS files as charges; covered are the days on which charges start."""


def _own(faults: tuple[Fault, ...], column: pa.Array | None) -> list[Fault]:
    """Leave out the faults of values that only stand in for a missing one: they are told where they stand."""
    if column is None:
        return []
    return [fault for fault in faults if column[fault.row].is_valid]


def _instants(block: Block, name: str, column: pa.Array, problems: Problems) -> pa.Array:
    if pa.types.is_nested(column.type):
        problems.add(block.place, f"has the type {column.type}, which is no time", field=name)
        return pa.nulls(block.rows, INSTANT)
    converted = to_instants(column)
    note_faults(block, name, converted.faults, problems)
    return converted.values


def _check_presence(block: Block, problems: Problems) -> None:
    for name in _REQUIRED:
        missing = rows_where(block.columns[name].is_null())
        note_faults(block, name, (Fault(row, None, "is missing") for row in missing), problems)


def _check_periods(block: Block, values: Mapping[str, pa.Array], problems: Problems) -> None:
    starts, ends = values["ChargePeriodStart"], values["ChargePeriodEnd"]
    for row in rows_where(pc.less_equal(ends, starts)):
        message = f"is not after ChargePeriodStart, {starts[row].as_py().isoformat()}"
        shown = ends[row].as_py().isoformat()
        problems.add_value(RowProblem(block.place, block.first_row + row, "ChargePeriodEnd", shown, message))


def _assembled(block: Block, source: str, values: Mapping[str, pa.Array]) -> pa.RecordBatch:
    numbers = pa.array(range(block.first_row, block.first_row + block.rows), pa.int64()).cast(pa.string())
    ours = {
        "x_Source": pa.repeat(pa.scalar(source), block.rows),
        "x_Basis": pa.repeat(pa.scalar("billed"), block.rows),
        "x_Origin": pc.binary_join_element_wise(block.place, numbers, ":"),
        "x_Day": values["ChargePeriodStart"].cast(pa.date32()),
    }
    return pa.RecordBatch.from_arrays(
        [ours[field.name] if field.name in ours else values[field.name] for field in CHARGES], schema=CHARGES
    )


def _days(batch: pa.RecordBatch) -> frozenset[datetime]:
    days = pc.unique(batch.column("x_Day")).to_pylist()
    return frozenset(datetime.combine(day, time(), UTC) for day in days)
