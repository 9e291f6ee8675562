"""Rows put into the lake as ingest does it: written as files of their days, then committed a source at a time."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from attributor.lake.commits import commit_days
from attributor.lake.day_files import bring_in
from attributor.lake.day_writer import writing_days
from attributor.lake.lake import Lake, Partition

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def replace(lake: Lake, table: str, partitions: Collection[Partition], rows: pa.Table | pa.RecordBatchReader) -> int:
    """Put the rows in the place of everything in these partitions; return the version of the last commit."""
    version = -1
    with TemporaryDirectory() as folder, writing_days(Path(folder), lake.schemas[table]) as writer:
        for batch in rows.to_batches() if isinstance(rows, pa.Table) else rows:
            writer.write(batch)
        files = writer.finish()
        bring_in(lake, table, Path(folder), files)
        for source in sorted({source for source, _ in partitions}):
            days = {day for of, day in partitions if of == source}
            version = commit_days(lake, table, source, days, [file for file in files if file.source == source], NOW)
    return version
