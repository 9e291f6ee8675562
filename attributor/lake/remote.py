"""Files of an object store as an Arrow dataset that DuckDB scans lazily."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pa_fs
from deltalake.fs import DeltaStorageHandler

from attributor.lake.lake import Lake, Partition
from attributor.lake.location import safe_options, table_uri

_BUFFER = 8 * 1024 * 1024
"""Bytes sent at a time; an object store wants its parts of 5 MiB at least."""


def remote_files(lake: Lake, table: str, files: Mapping[str, Partition]) -> ds.Dataset:
    """Read the files through deltalake's own store; the partition columns are constants of each file.

    A file that is gone or cannot be reached fails the query.
    """
    store = store_of(lake, table)
    parquet = ds.ParquetFileFormat(default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=True))
    fragments = [
        parquet.make_fragment(
            path, filesystem=store, partition_expression=(ds.field("x_Source") == source) & (ds.field("x_Day") == day)
        )
        for path, (source, day) in sorted(files.items())
    ]
    return _RemoteDataset(fragments, lake.schemas[table], parquet, store)


def store_of(lake: Lake, table: str) -> pa_fs.FileSystem:
    """Return the object store's folder of a table, as deltalake reaches it."""
    uri = table_uri(lake.uri, table)
    return pa_fs.PyFileSystem(DeltaStorageHandler(uri, safe_options(lake.uri, lake.storage_options)))


def upload(store: pa_fs.FileSystem, file: Path, path: str) -> None:
    """Copy a file into the store, and look whether it arrived whole; raise OSError where it did not.

    Through a buffer that is larger than what is written at a time: deltalake's stream takes the bytes of a buffer, but
    not pyarrow's own blocks.
    """
    with file.open("rb") as content, store.open_output_stream(path, compression=None, buffer_size=_BUFFER) as stream:
        shutil.copyfileobj(content, stream, _BUFFER // 8)
    arrived, size = store.get_file_info(path).size, file.stat().st_size
    if arrived != size:
        raise OSError(f"{path} has {arrived} bytes in the object store instead of {size}")


class _RemoteDataset(ds.FileSystemDataset):  # type: ignore[misc]  # pyarrow has no types
    """A dataset whose scans end with an error where a plain one may hang.

    pyarrow's `to_reader` starts the scan while it holds the interpreter's lock, and an error in a store written in
    Python needs that lock to be reported: both wait for ever. `to_batches` lets go of it.
    """

    def scanner(self, **asked: Any) -> "_RemoteScanner":
        """Return what DuckDB asks for: the columns and the filter of one scan."""
        return _RemoteScanner(super().scanner(**asked))


@dataclass(frozen=True)
class _RemoteScanner:
    scanner: ds.Scanner

    def to_reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.scanner.projected_schema, self.scanner.to_batches())
