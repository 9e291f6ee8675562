"""Converting each distinct text once: bills repeat themselves, and what is not vectorised stays affordable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Fault:
    """One value that could not be converted; `row` counts from 0 within the column given."""

    row: int
    value: str | None
    message: str


@dataclass(frozen=True)
class Converted:
    """A column of converted values, null where the value was missing or faulty."""

    values: pa.Array
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Distinct:
    """The converted distinct values, and what is wrong with some of them by their position."""

    values: pa.Array
    faults: Mapping[int, str]


def by_distinct(texts: pa.Array, convert: Callable[[pa.Array], Distinct]) -> Converted:
    """Convert a text column through its distinct values; null stays null."""
    encoded = texts.dictionary_encode()
    distinct = convert(encoded.dictionary)
    return Converted(distinct.values.take(encoded.indices), faults_of(encoded, distinct.faults))


def faults_of(encoded: pa.DictionaryArray, faults: Mapping[int, str]) -> tuple[Fault, ...]:
    """Find the rows in which faulty distinct values stand."""
    if not faults:
        return ()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(np.isin(codes, list(faults)))
    texts = encoded.dictionary
    return tuple(Fault(int(row), texts[int(codes[row])].as_py(), faults[int(codes[row])]) for row in rows)


def rows_where(mask: pa.Array) -> list[int]:
    """Return the positions, from 0, at which a boolean column is true; null counts as false."""
    return [int(row) for row in np.flatnonzero(mask.fill_null(pa.scalar(value=False)).to_numpy(zero_copy_only=False))]


def named(texts: pa.Array, names: Mapping[str, str], other: str | None) -> pa.Array:
    """Return what each text stands for; what `names` does not have is `other`, and null is too."""
    encoded = texts.dictionary_encode()
    distinct = pa.array([names.get(text, other) for text in encoded.dictionary.to_pylist()], pa.string())
    return distinct.take(encoded.indices).fill_null(other) if other is not None else distinct.take(encoded.indices)
