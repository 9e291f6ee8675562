"""Rows of an answer, under the names of charges or usage, as checked Arrow batches."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from collectors.base import TableName
from collectors.bills.focus_rows import CHARGES_FROM_FOCUS
from collectors.files.block import Block
from collectors.files.rows import FileTable, ReadRows
from collectors.problems import Problems
from collectors.usage.rows import USAGE_FROM_FILES

Row = Mapping[str, object]
TABLES: Mapping[TableName, FileTable] = {"charges": CHARGES_FROM_FOCUS, "usage": USAGE_FROM_FILES}


def converted(table: TableName, source: str, place: str, rows: Sequence[Row], problems: Problems) -> ReadRows | None:
    """Convert the rows of one place; note every value that is wrong and return None where there is any, or no row.

    A charge has FOCUS columns by their names; usage has `hour`, `metric`, `quantity`, perhaps `pool`, and any other
    key is a fact. Values are text, Decimal, int, aware datetime, date, or a map for Tags; None and "" are missing, as
    in a file. A float raises TypeError: it may have lost digits. Rows are put in an order of their own and numbered
    by it, so that asking again in other pages gives the same `x_Origin`.
    """
    if not rows:
        return None
    texts = sorted(({key: _text(value) for key, value in row.items()} for row in rows), key=_order)
    names = list(dict.fromkeys(name for row in texts for name in row))
    chosen = TABLES[table].choose(names)
    columns = {field: pa.array([row.get(name) for row in texts], pa.string()) for name, field in chosen.items()}
    return TABLES[table].convert(Block(place, 1, len(texts), columns), source, problems)


def _order(row: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return sorted((name, text or "") for name, text in row.items())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):  # before int, which it is too
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    raise TypeError(f"{type(value).__name__} is no value of a row: give text, a Decimal, an int, a time or a map")
