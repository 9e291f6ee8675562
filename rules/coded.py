"""Columns as small integers: the dictionaries that Arrow and Parquet keep anyway, one code a distinct value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rules.columns import TAG_PREFIX

Codes = np.ndarray[Any, np.dtype[np.int32 | np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
_WIDEST = 2**62


@dataclass(frozen=True)
class Coded:
    """A column of codes: 0 where there is no value, else the position in `values` from 1."""

    codes: Codes
    values: pa.Array

    @property
    def size(self) -> int:
        """All codes are below it."""
        return len(self.values) + 1

    def equals(self, value: str) -> Mask:
        """Return which rows have a value."""
        return np.isin(self.codes, np.flatnonzero(pc.equal(self.values, value).to_numpy(zero_copy_only=False)) + 1)

    def where(self, mask: Mask) -> "Coded":
        """Return the column with values in the masked rows alone."""
        return _only_used(Coded(self.codes * mask, self.values))

    def at(self, rows: Codes) -> pa.Array:
        """Return the values of some rows."""
        codes = self.codes[rows]
        return self.values.take(pa.array(codes - 1, mask=codes == 0))


def coded_columns(table: pa.Table, names: Iterable[str]) -> dict[str, Coded]:
    """Return the columns and tags (`tags.KEY`) by name; what the table does not have is left out."""
    asked = list(names)
    found = {name: coded(table.column(name)) for name in asked if name in table.column_names}
    tags = [name for name in asked if name.startswith(TAG_PREFIX)]
    if tags and "Tags" in table.column_names:
        found |= _coded_tags(table.column("Tags"), tags)
    return found


def coded(column: pa.ChunkedArray) -> Coded:
    """Return a column's codes, whether or not it comes with a dictionary."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    return Coded(_codes(whole), whole.dictionary)


def _codes(encoded: pa.DictionaryArray) -> Codes:
    indices = encoded.indices.fill_null(-1) if encoded.indices.null_count else encoded.indices
    codes: Codes = indices.to_numpy() + np.int32(1)
    return codes


def _coded_tags(column: pa.ChunkedArray, names: Sequence[str]) -> Mapping[str, Coded]:
    maps = column.combine_chunks()
    offsets = maps.offsets.to_numpy()
    keys, items = (coded(pa.chunked_array([part])) for part in (maps.keys, maps.items))
    inside = slice(offsets[0], offsets[-1])
    key_codes, item_codes = keys.codes[inside], items.codes[inside]
    row_of_entry = np.repeat(np.arange(len(maps), dtype=np.int32), np.diff(offsets))
    positions = {key: number for number, key in enumerate(keys.values.to_pylist(), start=1)}
    present = maps.is_valid().to_numpy(zero_copy_only=False)
    found = {}
    for name in names:
        codes = np.zeros(len(maps), np.int32)
        entries = key_codes == positions.get(name.removeprefix(TAG_PREFIX), -1)
        codes[row_of_entry[entries]] = item_codes[entries]
        found[name] = _only_used(Coded(codes * present, items.values))
    return found


def _only_used(column: Coded) -> Coded:
    """Leave out the values of other tags, with which all share one dictionary."""
    used = np.zeros(column.size, np.bool_)
    used[column.codes] = True
    used[0] = True
    number = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return Coded(number[column.codes], column.values.take(pa.array(np.flatnonzero(used)[1:] - 1)))


def numbered(columns: Iterable[tuple[Codes, int]]) -> tuple[Codes, Codes]:
    """Return each row's number among the distinct tuples of columns (codes and their bound), and each number's row."""
    key: Codes = np.zeros(1, np.int64)
    bound = 1
    for codes, size in columns:
        if bound * size >= _WIDEST:
            dense, bound = _dense(key)
            key = dense.astype(np.int64)
        key, bound = key * size + codes, bound * size  # of 64 bits, as the key is
    numbers, count = _dense(key)
    rows = np.empty(count, np.int64)
    rows[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers, rows


def _dense(key: Codes) -> tuple[Codes, int]:
    encoded = pa.array(key).dictionary_encode()
    return encoded.indices.to_numpy(), len(encoded.dictionary)
