"""Key-value columns: tags as JSON text, maps, structs or lists of pairs in, one clean map of text out.

Clean means: keys are trimmed, an empty key is left out, of a key that comes twice the last stands, and every value
is text; a value of null is the empty text, which says that the key is there without a value.
"""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.schema import TAGS
from collectors.values.distinct import Converted, Distinct, by_distinct

_Pairs = list[tuple[str, str]]
_Positions = np.ndarray[Any, Any]
_PLAIN = "is not a JSON object of keys and plain values"
_NO_TEXT = "holds half a character (an escaped surrogate), which is no text"


class _Object(list[tuple[str, Any]]):
    """The pairs of a JSON object in the order written, doubled keys included."""


def to_pairs(column: pa.Array) -> Converted:
    """Convert a column of tags in any of its forms to a clean map; null stays null.

    Raises TypeError where the column's type can hold no pairs.
    """
    if pa.types.is_string(column.type):
        return by_distinct(column, _distinct_pairs)
    if pa.types.is_struct(column.type):
        names = [column.type.field(index).name for index in range(column.type.num_fields)]
        pairs = pairs_of_columns(names, column.flatten(), len(column))
        cleaned = _clean(pairs, pairs.keys, pairs.items)
        return Converted(pc.if_else(column.is_valid(), cleaned, pa.scalar(None, TAGS)))
    if pa.types.is_map(column.type):
        return Converted(_clean(column, column.keys, column.items))
    if _is_list_of_pairs(column.type):
        return Converted(_clean(column, column.values.field(0), column.values.field(1)))
    raise TypeError(f"a column of {column.type} holds no keys and values")


def _is_text(text: str) -> bool:
    """Tell whether text can be written as UTF-8: JSON can escape half a character."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _is_list_of_pairs(kind: pa.DataType) -> bool:
    """Tell BigQuery's form of tags: a list of structs of a key and a value."""
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type) and kind.value_type.num_fields == 2)


def pairs_of_columns(names: list[str], columns: list[pa.Array], rows: int) -> pa.MapArray:
    """Turn columns of so many rows into one map a row, keyed by name; a null leaves its key out."""
    texts = pa.concat_arrays([column.cast(pa.string()) for column in columns] or [pa.nulls(0, pa.string())])
    present = texts.is_valid().to_numpy(zero_copy_only=False).reshape(len(columns), rows).T
    starts = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    row, column = np.nonzero(present)
    keys = pa.array(names, pa.string()).take(pa.array(column))
    return pa.MapArray.from_arrays(pa.array(starts, pa.int32()), keys, texts.take(pa.array(column * rows + row)))


def to_json(pairs: pa.MapArray) -> pa.Array:
    """Write each map as a JSON object in the order of its keys; null stays null."""
    members = pc.binary_join_element_wise(_quoted(pairs.keys), _quoted(pairs.items), ": ")
    texts = pc.binary_join(pa.ListArray.from_arrays(pairs.offsets, members), ", ")
    objects = pc.binary_join_element_wise("{", texts, "}", "")
    return pc.if_else(pairs.is_valid(), objects, pa.scalar(None, pa.string()))


def _quoted(texts: pa.Array) -> pa.Array:
    encoded = texts.dictionary_encode()
    quoted = [json.dumps(text, ensure_ascii=False) for text in encoded.dictionary.to_pylist()]
    return pa.array(quoted, pa.string()).take(encoded.indices)


def _distinct_pairs(texts: pa.Array) -> Distinct:
    maps: list[_Pairs | None] = []
    faults: dict[int, str] = {}
    for position, text in enumerate(texts.to_pylist()):
        try:
            maps.append(_pairs_of_json(text))
        except (ValueError, RecursionError) as error:
            maps.append(None)
            faults[position] = _PLAIN if isinstance(error, RecursionError) else str(error)
    return Distinct(pa.array(maps, TAGS), faults)


def _pairs_of_json(text: str) -> _Pairs:
    """Read a JSON object; numbers keep the decimals they were written with."""
    try:
        read = json.loads(text, object_pairs_hook=_Object, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1}") from error
    if not isinstance(read, _Object):
        raise ValueError(_PLAIN)
    clean: dict[str, str] = {}
    for key, value in read:
        name = key.strip()
        if name:
            if not _is_text(name):
                raise ValueError(_NO_TEXT)
            clean.pop(name, None)
            clean[name] = _text_of(name, value)
    return list(clean.items())


def _text_of(key: str, value: object) -> str:
    if isinstance(value, str):
        if not _is_text(value):
            raise ValueError(_NO_TEXT)
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise ValueError(f"holds no plain value under the key {key!r}")


def _clean(column: pa.Array, keys: pa.Array, items: pa.Array) -> pa.MapArray:
    """Trim keys, drop empty ones, keep the last of doubled ones, make every value text; `column` says where."""
    offsets = column.offsets.to_numpy()
    first, end = int(offsets[0]), int(offsets[-1])
    names = pc.utf8_trim_whitespace(keys.slice(first, end - first).cast(pa.string()))
    texts = items.slice(first, end - first).cast(pa.string()).fill_null("")
    rows = np.repeat(np.arange(len(column)), np.diff(offsets))
    present = column.is_valid().to_numpy(zero_copy_only=False)
    kept = _last_of_each(rows, names, present[rows])
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=len(column)))])
    taken = pa.array(kept)
    return pa.MapArray.from_arrays(
        pa.array(starts, pa.int32()), names.take(taken), texts.take(taken), mask=pa.array(~present)
    )


def _last_of_each(rows: _Positions, keys: pa.Array, present: _Positions) -> _Positions:
    """Return the positions of the entries that stand, in order."""
    encoded = keys.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    named = present & pc.not_equal(keys, "").to_numpy(zero_copy_only=False)
    identity = rows[named] * max(len(encoded.dictionary), 1) + codes[named]
    _, last_from_end = np.unique(identity[::-1], return_index=True)
    return np.sort(np.flatnonzero(named)[len(identity) - 1 - last_from_end])
