"""What a table makes of a file's blocks, and the control totals kept of it."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from collectors.base import FileRead, RowProblem, TableName, Window
from collectors.files.block import Block, Chooser
from collectors.problems import Problems
from collectors.values.distinct import Fault
from collectors.values.written import EXACT

_HALF_A_UNIT = Decimal("0.5E-12")


@dataclass(frozen=True)
class ReadRows:
    """Converted rows of one block, with what their amounts sum to as written and as stored, by column.

    `periods` are the starts of the days or hours that the rows belong to.
    """

    batch: pa.RecordBatch
    written: Mapping[str, Decimal]
    stored: Mapping[str, Decimal]
    periods: AbstractSet[datetime]
    currencies: AbstractSet[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class FileTable:
    """How files become one of the two tables.

    `convert` takes a block and the source's name, notes what is wrong, and returns None where anything is.
    `coverage` turns the periods of a whole reading into the spans it covers. `time_column` is the row's start.
    """

    name: TableName
    time_column: str
    choose: Chooser
    convert: Callable[[Block, str, Problems], ReadRows | None]
    coverage: Callable[[AbstractSet[datetime]], tuple[Window, ...]]


class Totals:
    """The control totals of one file, added up block by block."""

    def __init__(self) -> None:
        self._rows = 0
        self._written: dict[str, Decimal] = {}
        self._stored: dict[str, Decimal] = {}
        self._currencies: set[str] = set()

    def add(self, rows: ReadRows) -> None:
        """Count a block in."""
        self._rows += rows.batch.num_rows
        self._currencies |= rows.currencies
        for column, amount in rows.written.items():
            self._written[column] = EXACT.add(self._written.get(column, Decimal(0)), amount)
            self._stored[column] = EXACT.add(self._stored.get(column, Decimal(0)), rows.stored[column])

    def file_read(self, place: str) -> FileRead:
        """Return the totals; raise ArithmeticError where stored and written differ by more than rounding can."""
        rounded = {column: EXACT.subtract(self._stored[column], self._written[column]) for column in self._written}
        for column, difference in rounded.items():
            if difference.copy_abs() > self._rows * _HALF_A_UNIT:
                raise ArithmeticError(f"{place}: {column} was not stored as it was written ({difference})")
        currency = next(iter(self._currencies)) if len(self._currencies) == 1 else None
        return FileRead(place, self._rows, currency, self._written, {c: d for c, d in rounded.items() if d})


def note_faults(block: Block, column: str, faults: Iterable[Fault], problems: Problems) -> None:
    """Turn what a conversion could not do into problems that name file, row, field and value."""
    for fault in faults:
        problems.add_value(RowProblem(block.place, block.first_row + fault.row, column, fault.value, fault.message))


def spans_of(periods: AbstractSet[datetime], length: timedelta) -> tuple[Window, ...]:
    """Merge periods of one length into one window a contiguous span, the earliest first."""
    spans: list[Window] = []
    for start in sorted(periods):
        if spans and spans[-1].end == start:
            spans[-1] = Window(spans[-1].start, start + length)
        else:
            spans.append(Window(start, start + length))
    return tuple(spans)
