"""Writing a month's charges as FOCUS files: one Parquet file a UTC day, whole under its name or not there at all."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from sqlalchemy import Engine, select

from attributor.attributing.focus_rows import FOCUS_SCHEMA, KEPT, focus_rows
from attributor.attributing.replaying import Archive, ReplayedDay, replay
from attributor.lake.sql import path_literal
from attributor.ledger.tables import publications
from attributor.periods import Month
from rules.verify import verify

_WRITTEN = "exported_file"
_OURS = re.compile(r"focus-(\d{4}-\d{2}-\d{2})\.parquet")


class ExportError(Exception):
    """A file cannot be written; the message is one line for the user. Days written before stand."""


@dataclass(frozen=True)
class ExportedDay:
    """One file: its rows, the charges that they stand for, and their effective cost by currency."""

    day: date
    file: Path
    rows: int
    charges: int
    effective: Mapping[str, Decimal]


def export_focus(archive: Archive, period: Month, folder: Path) -> Iterator[ExportedDay]:
    """Write every published day of the month that has charges, the oldest first; yield each once its file is there.

    A file of the same name is replaced; files of ours in the folder for days of the month that no longer have charges
    are removed. Raises ExportError.
    """
    days = _days_with_charges(archive.engine, period)
    with _said_of(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            named = _OURS.fullmatch(file.name)
            day = date.fromisoformat(named[1]) if named else None
            if day is not None and period.first <= day < period.end and day not in days:
                file.unlink()
    for replayed in replay(archive, days):
        yield _exported(archive.connection, replayed, folder)


def _exported(connection: duckdb.DuckDBPyConnection, replayed: ReplayedDay, folder: Path) -> ExportedDay:
    file = folder / f"focus-{replayed.day}.parquet"
    rows = focus_rows(connection, replayed)
    with _said_of(file):
        unfinished = folder / f".{file.name}.{uuid.uuid4().hex}"
        try:
            with pq.ParquetWriter(unfinished, FOCUS_SCHEMA, compression="zstd") as writer:
                for batch in rows:
                    writer.write_batch(batch)
            found = _checked(connection, unfinished)
            unfinished.rename(file)
        finally:
            unfinished.unlink(missing_ok=True)
    return ExportedDay(replayed.day, file, *found)


def _checked(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, int, dict[str, Decimal]]:
    """Read the written file again: its rows must sum to the day's charges, in the types that were meant.

    Raises MoneyLostError, a bug, where they do not. Returns rows, charges and effective cost by currency.
    """
    if not pq.read_schema(path).equals(FOCUS_SCHEMA):
        raise TypeError(f"{path} was written with other types than FOCUS_SCHEMA")
    connection.execute(
        f"CREATE OR REPLACE VIEW {_WRITTEN} AS"  # noqa: S608 - quoted
        f" SELECT * REPLACE (coalesce(x_Source, '') AS x_Source) FROM read_parquet({path_literal(path)})"
    )
    verify(connection, KEPT, _WRITTEN)
    rows = connection.table(_WRITTEN).aggregate("count(*)").fetchall()[0][0]
    charges = connection.table(KEPT).aggregate("count(*)").fetchall()[0][0]
    sums = connection.table(_WRITTEN).aggregate("BillingCurrency, sum(EffectiveCost)").fetchall()
    return rows, charges, dict(sorted(sums))


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
