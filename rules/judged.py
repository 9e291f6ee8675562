"""Columns that rules only test: each distinct value is tested once, and the answers are kept as bits.

Charges then collapse by the answers instead of by the values, and the CASE of all rules runs over what is left. That
is the decision table: overlapping prefixes, patterns and lists each have a bit of their own, so that first match wins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rules.columns import KINDS
from rules.facts import charge_fact
from rules.match import condition
from rules.matchers import Matcher, Prefix, Test, tests_of
from rules.sql import identifier

Words = np.ndarray[tuple[int, int], np.dtype[np.int64]]
_BITS = 62
MOST_TESTS = 16 * _BITS
"""With more tests the answers would be wider than the value, which is better kept as it is."""
_MOST_REMEMBERED = 300_000
"""Of a column. Beyond it only the last day's values are kept, so that a month of ever new ones does not fill memory."""
_VALUES = "attribution_values"


@dataclass(frozen=True)
class Judged:
    """A column and the tests that rules put to it, in the order of their bits."""

    number: int
    column: str
    tests: tuple[Test, ...]

    @property
    def looks_at(self) -> int | None:
        """How many characters of a value the tests look at, from its beginning; None where they may look at all."""
        prefixes = [test.prefixes for test in self.tests if isinstance(test, Prefix) and test.match_case]
        if len(prefixes) < len(self.tests) or KINDS.get(self.column, "text") != "text":
            return None
        return max(len(prefix) for some in prefixes for prefix in some)

    @property
    def words(self) -> tuple[str, ...]:
        """The columns that hold the bits, 62 in each."""
        return tuple(f"b{self.number}_{word}" for word in range((len(self.tests) - 1) // _BITS + 1))

    def answers(self) -> Iterator[tuple[Test, str]]:
        """Yield each test with its answer as a condition on a row `g` that has the words."""
        for position, test in enumerate(self.tests):
            yield test, f"(g.{self.words[position // _BITS]} & {1 << position % _BITS} > 0)"


def tests_by_column(matchers: Iterable[Matcher]) -> dict[str, tuple[Test, ...]]:
    """Return every distinct test of the matchers by its column, in order."""
    found: dict[str, dict[Test, None]] = {}
    for matcher in matchers:
        for test in tests_of(matcher):
            found.setdefault(test.column, {})[test] = None
    return {column: tuple(tests) for column, tests in found.items()}


@dataclass(frozen=True)
class Answers:
    """The words of values, in their order."""

    values: pa.Array
    words: Words


Memory = dict[Judged, Answers]
"""The answers to values that were asked before: a day's values are mostly those of the days before it."""


def answers_to(connection: duckdb.DuckDBPyConnection, column: Judged, values: pa.Array, memory: Memory) -> Words:
    """Return the words of an absent value, and of each of the values after it."""
    words = np.zeros((len(values) + 1, len(column.words)), np.int64)
    length = column.looks_at
    if length is None:
        words[1:] = _remembered(connection, column, values, memory)
    else:  # beginnings alone, of which there are few
        heads = pc.utf8_slice_codeunits(values, 0, length).dictionary_encode()
        words[1:] = _remembered(connection, column, heads.dictionary, memory)[heads.indices.to_numpy()]
    return words


def _remembered(connection: duckdb.DuckDBPyConnection, column: Judged, values: pa.Array, memory: Memory) -> Words:
    """Ask of the values that are new alone. Threads may share the memory: at worst one asks what another did."""
    known = memory.get(column)
    if known is None or not len(known.values):
        first = Answers(values, _asked(connection, column, values))
        memory[column] = first
        return first.words
    places = pc.index_in(values, value_set=known.values).fill_null(-1).to_numpy()
    words: Words = known.words.take(places, axis=0, mode="clip")
    new = places < 0
    if new.any():
        asked = values.filter(pa.array(new))
        words[new] = _asked(connection, column, asked)
        more = Answers(pa.concat_arrays([known.values, asked]), np.concatenate([known.words, words[new]]))
        memory[column] = more if len(more.values) <= _MOST_REMEMBERED else Answers(values, words)
    return words


def _asked(connection: duckdb.DuckDBPyConnection, column: Judged, values: pa.Array) -> Words:
    if not len(values):
        return np.zeros((0, len(column.words)), np.int64)
    raw = pa.table({"position": np.arange(len(values)), column.column: values})
    connection.register(_VALUES, raw)
    try:
        found = connection.execute(
            f"SELECT {', '.join(_bits(column))} FROM"
            f" (SELECT position, {charge_fact(column.column, {column.column})} AS fact FROM {_VALUES})"
            " ORDER BY position"
        ).fetchnumpy()
    finally:
        connection.unregister(_VALUES)
    return np.column_stack(list(found.values())).astype(np.int64)


def _bits(column: Judged) -> Iterator[str]:
    """Yield the words of a `fact`: the sum of two to the power of each test that it passes."""
    for word, first in zip(column.words, range(0, len(column.tests), _BITS), strict=True):
        answers = (condition(test, {column.column: "fact"}) for test in column.tests[first : first + _BITS])
        terms = (f"CASE WHEN {answer} THEN {1 << bit}::BIGINT ELSE 0 END" for bit, answer in enumerate(answers))
        yield f"{' + '.join(terms)} AS {identifier(word)}"


def classes(words: Words) -> tuple[np.ndarray[Any, Any], Words]:
    """Return the class of each value, and the words of each class: values with the same answers are one."""
    if words.shape[1] == 1:
        distinct, index = np.unique(words[:, 0], return_inverse=True)
        return index, distinct[:, np.newaxis]
    table, index = np.unique(words, axis=0, return_inverse=True)
    return index.reshape(-1), table
