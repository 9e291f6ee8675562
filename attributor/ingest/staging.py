"""A reading is staged whole before anything of it is stored: a broken one is thrown away."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attributor.ingest.progress import Progress
from attributor.lake.scratch import scratch_folder
from collectors.schema import CHARGES, COST_COLUMNS, USAGE

SCHEMAS: Mapping[str, pa.Schema] = {"charges": CHARGES, "usage": USAGE}


@dataclass(frozen=True)
class StagedDay:
    """What was read of one day: its row count and a digest of its rows in any order."""

    day: date
    rows: int
    digest: str


@dataclass(frozen=True)
class CostSums:
    """What the charges of a day sum to in one currency, by cost column."""

    day: date
    currency: str
    sums: Mapping[str, Decimal]


@contextmanager
def staged(batches: Iterator[pa.RecordBatch], table: str, progress: Progress) -> Iterator[Path]:
    """Write the batches to a temporary Parquet file that is gone afterwards; errors of the source pass through."""
    with scratch_folder() as folder:
        path = folder / f"{table}.parquet"
        with pq.ParquetWriter(path, SCHEMAS[table], compression="lz4") as writer:
            for batch in batches:
                writer.write_batch(batch)
                progress.advance(batch.num_rows)
        yield path


def staged_days(connection: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> list[StagedDay]:
    """Return every day in the staged file.

    The digest is count, sum and xor of the rows' hashes: it does not depend on their order. A DuckDB release that
    hashes otherwise makes every day look changed once, which costs time and changes no number.
    """
    row = ", ".join(f'"{column}"' for column in columns)
    found = connection.execute(
        f"""
        SELECT x_Day, count(*), sum(fingerprint::HUGEINT), bit_xor(fingerprint)
        FROM (SELECT x_Day, hash({row}) AS fingerprint FROM read_parquet(?))
        GROUP BY x_Day ORDER BY x_Day
        """,  # noqa: S608 - column names come from our own schema
        [str(path)],
    ).fetchall()
    return [StagedDay(day, rows, f"{rows:x}-{total:x}-{mixed:x}") for day, rows, total, mixed in found]


def staged_sums(connection: duckdb.DuckDBPyConnection, path: Path) -> list[CostSums]:
    """Return the exact cost sums of every day and currency in a staged file of charges."""
    sums = ", ".join(f"sum({column})" for column in COST_COLUMNS)
    found = connection.execute(
        f"SELECT x_Day, BillingCurrency, {sums} FROM read_parquet(?) GROUP BY ALL ORDER BY ALL",  # noqa: S608 - ours
        [str(path)],
    ).fetchall()
    return [CostSums(row[0], row[1], dict(zip(COST_COLUMNS, row[2:], strict=True))) for row in found]


def staged_rows(path: Path, days: Collection[date]) -> pa.RecordBatchReader:
    """Stream the staged rows of the days in any order: the lake's writer puts each in its day's file."""
    return pa.RecordBatchReader.from_batches(pq.read_schema(path), _of_days(path, pa.array(list(days), pa.date32())))


def _of_days(path: Path, days: pa.Array) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(65_536):
            wanted = pc.is_in(batch.column("x_Day"), value_set=days)
            yield batch if pc.all(wanted).as_py() else batch.filter(wanted)
