"""A reading is staged whole before anything of it is stored: a broken one is thrown away.

What is staged are the files that the lake gets, so that every row is written once.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from attributor.ingest.progress import Progress
from attributor.lake.day_files import DayFile
from attributor.lake.day_writer import DayWriter, writing_days
from attributor.lake.scratch import scratch_folder
from attributor.lake.views import open_files
from collectors.base import TableName
from collectors.schema import CHARGES, COST_COLUMNS, USAGE

SCHEMAS: Mapping[str, pa.Schema] = {"charges": CHARGES, "usage": USAGE}
_VIEW = "staged_rows"
_AHEAD = 2


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


@dataclass(frozen=True)
class Staged:
    """A reading as files of its days below a folder, which are no part of the lake yet; all of them as a view."""

    table: TableName
    folder: Path
    files: tuple[DayFile, ...]
    rows: str


@contextmanager
def staged(
    connection: duckdb.DuckDBPyConnection, batches: Iterator[pa.RecordBatch], table: TableName, progress: Progress
) -> Iterator[Staged]:
    """Write the batches to temporary files that are gone afterwards; errors of the source pass through."""
    schema = SCHEMAS[table]
    with scratch_folder() as folder:
        with writing_days(folder, schema) as writer:
            _write_beside(batches, writer, progress)
            files = writer.finish()
        open_files(connection, _VIEW, schema, [folder / file.path for file in files])
        yield Staged(table, folder, files, _VIEW)


def _write_beside(batches: Iterator[pa.RecordBatch], writer: DayWriter, progress: Progress) -> None:
    """Write by a thread while the next batches are read; at most two wait. Nothing runs any more when this ends."""
    with ThreadPoolExecutor(1, thread_name_prefix="stage") as thread:
        under_way: deque[Future[None]] = deque()
        for batch in batches:
            while len(under_way) >= _AHEAD:
                under_way.popleft().result()
            under_way.append(thread.submit(writer.write, batch))
            progress.advance(batch.num_rows)
        for written in under_way:
            written.result()


def staged_days(connection: duckdb.DuckDBPyConnection, rows: Staged) -> list[StagedDay]:
    """Return every day that was staged.

    The digest is count, sum and xor of the rows' hashes: it does not depend on their order. A DuckDB release that
    hashes otherwise makes every day look changed once, which costs time and changes no number.
    """
    row = ", ".join(f'"{column}"' for column in SCHEMAS[rows.table].names)
    found = connection.execute(
        f"""
        SELECT x_Day, count(*), sum(fingerprint::HUGEINT), bit_xor(fingerprint)
        FROM (SELECT x_Day, hash({row}) AS fingerprint FROM {rows.rows})
        GROUP BY x_Day ORDER BY x_Day
        """  # noqa: S608 - column names come from our own schema
    ).fetchall()
    return [StagedDay(day, count, f"{count:x}-{total:x}-{mixed:x}") for day, count, total, mixed in found]


def staged_sums(connection: duckdb.DuckDBPyConnection, rows: Staged) -> list[CostSums]:
    """Return the exact cost sums of every day and currency of staged charges."""
    sums = ", ".join(f"sum({column})" for column in COST_COLUMNS)
    found = connection.execute(
        f"SELECT x_Day, BillingCurrency, {sums} FROM {rows.rows} GROUP BY ALL ORDER BY ALL"  # noqa: S608 - ours
    ).fetchall()
    return [CostSums(row[0], row[1], dict(zip(COST_COLUMNS, row[2:], strict=True))) for row in found]
