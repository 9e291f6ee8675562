"""Writing a month as FOCUS files, charges and corrections: one Parquet file a UTC day, whole or not there at all."""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine, select

from attributor.attributing.focus_corrections import correction_rows
from attributor.attributing.focus_rows import CORRECTS, FOCUS_SCHEMA, KEPT, focus_rows, no_charges
from attributor.attributing.replaying import Archive, ReplayedDay, replay
from attributor.lake.sql import path_literal
from attributor.ledger.tables import publications
from attributor.periods import Month
from rules.verify import verify

_WRITTEN, _POSTED = "exported_file", "exported_corrections"
_OURS = re.compile(r"focus-(\d{4}-\d{2}-\d{2})\.parquet")


class ExportError(Exception):
    """A file cannot be written; the message is one line for the user. Days written before stand."""


@dataclass(frozen=True)
class ExportedDay:
    """One file: its rows, the charges that they stand for, those that are corrections, effective cost by currency."""

    day: date
    file: Path
    rows: int
    charges: int
    corrections: int
    effective: Mapping[str, Decimal]


def export_focus(archive: Archive, period: Month, folder: Path) -> Iterator[ExportedDay]:
    """Write every published day of the month that has charges, the oldest first; yield each once its file is there.

    What corrects closed months is in the file of the day on which it was posted, so that the files sum to the ledger's
    month. A file of the same name is replaced; files of ours in the folder for days of the month that no longer have
    either are removed. Raises ExportError.
    """
    corrected = correction_rows(archive.engine, period)
    charged = _days_with_charges(archive.engine, period)
    days = sorted({*charged, *corrected})
    with _said_of(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            day = _day_of(file)
            if day is not None and period.first <= day < period.end and day not in days:
                file.unlink()
    replayed = replay(archive, charged)
    for day in days:
        allocated = _allocated(archive.connection, next(replayed) if day in charged else None)
        file = folder / f"focus-{day}.parquet"
        found = _written(archive.connection, file, allocated, corrected.get(day, FOCUS_SCHEMA.empty_table()))
        yield ExportedDay(day, file, *found)


def _allocated(connection: duckdb.DuckDBPyConnection, replayed: ReplayedDay | None) -> Iterator[pa.RecordBatch]:
    """Leave the day's charges in KEPT and return their rows."""
    if replayed is None:
        no_charges(connection)
        return iter(())
    return iter(focus_rows(connection, replayed))


def _written(
    connection: duckdb.DuckDBPyConnection, file: Path, allocated: Iterable[pa.RecordBatch], corrections: pa.Table
) -> tuple[int, int, int, dict[str, Decimal]]:
    """Write a day's file; return what `_checked` found in it."""
    with _said_of(file):
        unfinished = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
        try:
            with pq.ParquetWriter(unfinished, FOCUS_SCHEMA, compression="zstd") as writer:
                for batch in chain(allocated, corrections.to_batches()):
                    writer.write_batch(batch)
            found = _checked(connection, unfinished, corrections)
            unfinished.rename(file)
        finally:
            unfinished.unlink(missing_ok=True)
    return found


def _checked(
    connection: duckdb.DuckDBPyConnection, path: Path, corrections: pa.Table
) -> tuple[int, int, int, dict[str, Decimal]]:
    """Read the written file again: its rows sum to the day's charges and corrections, in the types that were meant.

    Raises MoneyLostError, a bug, where they do not. Returns rows, charges, corrections and effective cost by currency.
    """
    if not pq.read_schema(path).equals(FOCUS_SCHEMA):
        raise TypeError(f"{path} was written with other types than FOCUS_SCHEMA")
    connection.execute(
        f"CREATE OR REPLACE VIEW {_WRITTEN} AS"  # noqa: S608 - quoted
        f" SELECT * REPLACE (coalesce(x_Source, '') AS x_Source) FROM read_parquet({path_literal(path)})"
    )
    connection.register(_POSTED, corrections)
    for held, where in ((KEPT, "IS NULL"), (_POSTED, "IS NOT NULL")):
        verify(connection, held, f"(SELECT * FROM {_WRITTEN} WHERE {CORRECTS} {where})")  # noqa: S608 - our own names
    rows = connection.table(_WRITTEN).aggregate("count(*)").fetchall()[0][0]
    charges = connection.table(KEPT).aggregate("count(*)").fetchall()[0][0]
    sums = connection.table(_WRITTEN).aggregate("BillingCurrency, sum(EffectiveCost)").fetchall()
    return rows, charges, corrections.num_rows, dict(sorted(sums))


def _day_of(file: Path) -> date | None:
    named = _OURS.fullmatch(file.name)
    return date.fromisoformat(named[1]) if named else None


def _days_with_charges(engine: Engine, period: Month) -> list[date]:
    of_charges = (publications.c.day >= period.first) & (publications.c.day < period.end)
    of_charges &= publications.c.charges_version >= 0
    with engine.connect() as connection:
        return list(
            connection.scalars(select(publications.c.day).where(of_charges).distinct().order_by(publications.c.day))
        )


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    """Raise ExportError for what the file system refuses."""
    try:
        yield
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}") from error
