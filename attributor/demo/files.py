"""Files as providers write them: AWS CSV.gz, Azure Parquet, Google Cloud CSV by the day with its quirks, plain CSV."""

import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

_GZIP_LEVEL = 1
_NOT_IN_GOOGLE_CLOUD = (
    "BillingAccountName",
    "InvoiceIssuerName",
    "ResourceType",
    "CommitmentDiscountId",
    "CommitmentDiscountCategory",
    "CommitmentDiscountType",
    "CommitmentDiscountStatus",
)


def by_month(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield the charges of each billing month under "YYYY-MM", the oldest first, rows in their order."""
    return _by(table, table["BillingPeriodStart"], "%Y-%m")


def by_day(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield the charges of each day under "YYYY-MM-DD", the oldest first, rows in their order."""
    return _by(table, pc.floor_temporal(table["ChargePeriodStart"], unit="day"), "%Y-%m-%d")


def write_aws(table: pa.Table, path: Path) -> None:
    """Write CSV.gz with ISO 8601 times; no time of writing in it, so that the same plan gives the same bytes."""
    with (
        path.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0) as packed,
    ):
        pyarrow.csv.write_csv(_text_times(table, "%Y-%m-%dT%H:%M:%SZ"), packed)


def write_azure(table: pa.Table, path: Path) -> None:
    """Write Parquet with snappy; Tags stay JSON text."""
    pyarrow.parquet.write_table(table, path, compression="snappy")


def write_gcp(table: pa.Table, path: Path) -> None:
    """Write FOCUS 1.0 as Google Cloud's export gives it: fewer columns, times without a zone, NULL spelled out."""
    kept = _text_times(table.drop_columns(list(_NOT_IN_GOOGLE_CLOUD)), "%Y-%m-%d %H:%M:%S")
    columns = [pc.fill_null(column, "NULL") if column.type == pa.string() else column for column in kept.columns]
    write_csv(pa.table(columns, names=kept.column_names), path)


def write_llm(table: pa.Table, path: Path) -> None:
    """Write plain CSV with ISO 8601 times."""
    write_csv(_text_times(table, "%Y-%m-%dT%H:%M:%SZ"), path)


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table with a header line."""
    pyarrow.csv.write_csv(table, path)


def _by(table: pa.Table, keys: Any, form: str) -> Iterator[tuple[str, pa.Table]]:
    for value in sorted(pc.unique(keys).to_pylist()):
        yield value.strftime(form), table.filter(pc.equal(keys, pa.scalar(value, keys.type)))


def _text_times(table: pa.Table, form: str) -> pa.Table:
    columns = [_text(column, form) if pa.types.is_timestamp(column.type) else column for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _text(times: pa.ChunkedArray, form: str) -> pa.Array:
    """Format each distinct time once: there are few of them in many rows."""
    coded = times.combine_chunks().dictionary_encode()
    distinct: list[datetime] = coded.dictionary.to_pylist()
    return pa.array([time.strftime(form) for time in distinct], pa.string()).take(coded.indices)
