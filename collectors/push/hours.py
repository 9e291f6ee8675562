"""Events summed by hour, metric, pool and facts: what a reader needs, remembered beside every finished segment.

A finished segment never changes, so its sums can be kept in a file of their own; where that is missing (or could not
be written) they are taken again. That makes reading a month as dear as reading its sums.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collectors.push.fields import DECIMALS, units
from collectors.push.records import MAGIC, Record, read_records
from collectors.push.segments import check_finished, write_whole
from collectors.schema import INSTANT, MONEY, TEXT

_HOUR = 3_600_000_000
_EXACT = Context(prec=60)

SUMS = pa.schema(
    [
        pa.field("hour", INSTANT, nullable=False),
        pa.field("metric", TEXT, nullable=False),
        pa.field("pool", TEXT),
        pa.field("facts", pa.binary(), nullable=False),
        pa.field("quantity", MONEY, nullable=False),
        pa.field("events", pa.int64(), nullable=False),
    ]
)
"""facts: a msgpack map with its keys in order, so that equal facts are equal bytes. events: how many were summed."""


class _PackedEvent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A UsageEvent whose facts stay packed."""

    id: str
    time: int
    metric: str
    pool: str | None
    quantity: int | str
    facts: msgspec.Raw


_decoder = msgspec.msgpack.Decoder(list[_PackedEvent])


@dataclass(frozen=True)
class SegmentSums:
    """The sums of one segment's first `length` bytes; `rows` has the schema SUMS."""

    segment: Path
    length: int
    rows: pa.Table


def finished_sums(segment: Path) -> SegmentSums:
    """Return the sums of a finished segment, remembering them; raise OSError or CorruptLogError."""
    remembered = sums_path(segment)
    length = segment.stat().st_size
    if remembered.exists():
        return SegmentSums(segment, length, pq.read_table(remembered, schema=SUMS))
    found = present_sums(segment)
    check_finished(segment, found.length)
    _remember(remembered, found.rows)
    return found


def present_sums(segment: Path) -> SegmentSums:
    """Return the sums of a segment's whole records; raise OSError or CorruptLogError."""
    sums: dict[tuple[int, str, str | None, bytes], list[int]] = {}
    length = len(MAGIC)
    for record in read_records(segment):
        length = record.end
        _add(record, sums)
    return SegmentSums(segment, length, _table(sums))


def sums_path(segment: Path) -> Path:
    """Return where a finished segment's sums are remembered."""
    return segment.with_suffix(".hours.parquet")


def within(rows: pa.Table, start: datetime, end: datetime) -> pa.Table:
    """Return the rows whose hour starts in [start, end)."""
    is_late_enough = pc.greater_equal(rows["hour"], pa.scalar(start, INSTANT))
    is_early_enough = pc.less(rows["hour"], pa.scalar(end, INSTANT))
    return rows.filter(pc.and_(is_late_enough, is_early_enough))


def merged(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the tables' rows with equal hour, metric, pool and facts summed exactly, in that order."""
    keys = ["hour", "metric", "pool", "facts"]
    grouped = (
        pa.concat_tables([SUMS.empty_table(), *tables])
        .group_by(keys)
        .aggregate([("quantity", "sum"), ("events", "sum")])
    )
    table = grouped.rename_columns([*keys, "quantity", "events"]).cast(SUMS)
    return table.sort_by([(key, "ascending") for key in keys])


def _remember(path: Path, rows: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    try:
        write_whole(path, sink.getvalue().to_pybytes())
    except PermissionError:
        return  # A reader may have no right to write here; the sums are taken again next time.


def _add(record: Record, sums: dict[tuple[int, str, str | None, bytes], list[int]]) -> None:
    for event in _decoder.decode(record.packed_events):
        key = (event.time // _HOUR, event.metric, event.pool, bytes(event.facts))
        held = sums.get(key)
        if held is None:
            sums[key] = [units(event.quantity), 1]
        else:
            held[0] += units(event.quantity)
            held[1] += 1


def _table(sums: dict[tuple[int, str, str | None, bytes], list[int]]) -> pa.Table:
    columns = list(zip(*sums, strict=True)) or [(), (), (), ()]
    amounts = (Decimal(total).scaleb(-DECIMALS, _EXACT) for total, _ in sums.values())
    return pa.table(
        [
            pa.array([hour * _HOUR for hour in columns[0]], pa.int64()).cast(INSTANT),
            pa.array(columns[1], TEXT),
            pa.array(columns[2], TEXT),
            pa.array(columns[3], pa.binary()),
            pa.array(amounts, MONEY),
            pa.array([count for _, count in sums.values()], pa.int64()),
        ],
        schema=SUMS,
    )


def facts_maps(packed: pa.ChunkedArray) -> Iterator[list[tuple[str, str]]]:
    """Yield the facts of each row as pairs in the order of their names."""
    known: dict[bytes, list[tuple[str, str]]] = {}
    for facts in packed.to_pylist():
        if facts not in known:
            known[facts] = list(msgspec.msgpack.decode(facts, type=dict[str, str]).items())
        yield known[facts]
