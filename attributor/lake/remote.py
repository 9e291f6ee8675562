"""Files of an object store as an Arrow dataset that DuckDB scans lazily."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pa_fs
from deltalake.fs import DeltaStorageHandler

from attributor.lake.lake import Lake, Partition
from attributor.lake.location import safe_options, table_uri


def remote_files(lake: Lake, table: str, files: Mapping[str, Partition]) -> ds.Dataset:
    """Read the files through deltalake's own store; the partition columns are constants of each file.

    A file that is gone or cannot be reached fails the query.
    """
    uri = table_uri(lake.uri, table)
    store = pa_fs.PyFileSystem(DeltaStorageHandler(uri, safe_options(lake.uri, lake.storage_options)))
    parquet = ds.ParquetFileFormat(default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=True))
    fragments = [
        parquet.make_fragment(
            path, filesystem=store, partition_expression=(ds.field("x_Source") == source) & (ds.field("x_Day") == day)
        )
        for path, (source, day) in sorted(files.items())
    ]
    return _RemoteDataset(fragments, lake.schemas[table], parquet, store)


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
