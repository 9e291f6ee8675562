"""Reading pinned days by the column, with the dictionaries that the files keep: text arrives as small integers."""

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.fs as pa_fs
import pyarrow.parquet as pq

from attributor.lake.lake import PARTITION_COLUMNS, Lake, Partition
from attributor.lake.location import local_folder, table_uri
from attributor.lake.remote import store_of
from attributor.lake.views import Pin, pinned_files


def read_columns(lake: Lake, table: str, pins: Collection[Pin], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows of the pinned days, a row group at a time, with those of the columns that the table has.

    A column that a file lacks is null. Text is dictionary-encoded, in maps too. Raises what the store raises for a file
    that is gone.
    """
    schema = lake.schemas[table]
    folder = local_folder(table_uri(lake.uri, table))
    store: pa_fs.FileSystem | None = None if folder is not None else store_of(lake, table)
    for path, partition in sorted(pinned_files(lake, table, pins).items()):
        where = path if folder is None else str(folder / path)
        metadata = pq.read_metadata(where, filesystem=store)
        text = list(_text_columns(metadata.schema, columns))
        with pq.ParquetFile(where, filesystem=store, metadata=metadata, read_dictionary=text) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            for group in range(file.metadata.num_row_groups):
                yield _whole(file.read_row_group(group, there), partition, schema, columns)


def _text_columns(schema: pq.ParquetSchema, columns: Sequence[str]) -> Iterator[str]:
    for index in range(len(schema)):
        column = schema.column(index)
        if column.physical_type == "BYTE_ARRAY" and column.path.partition(".")[0] in columns:
            yield column.path


def _whole(rows: pa.Table, partition: Partition, schema: pa.Schema, columns: Sequence[str]) -> pa.Table:
    """Add the partition's columns, and those without any value."""
    known = dict(zip(PARTITION_COLUMNS, partition, strict=True))
    asked = [name for name in columns if name in schema.names]
    for name in asked:
        if name in known:
            indices = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
            rows = rows.append_column(name, pa.DictionaryArray.from_arrays(indices, pa.array([known[name]])))
        elif name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, _as_read(schema.field(name).type)))
    return rows.select(asked)


def _as_read(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_map(kind):
        return pa.map_(_as_read(kind.key_type), _as_read(kind.item_type))
    return pa.dictionary(pa.int32(), kind) if pa.types.is_string(kind) else kind
