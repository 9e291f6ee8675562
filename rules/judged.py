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
            yield test, f"((g.{self.words[position // _BITS]} >> {position % _BITS}) & 1 = 1)"


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


Memory = dict[tuple[Judged, int], Answers]
"""The answers to the values that were asked last, by the part of a day's charges: they are mostly the next day's."""


def answers_to(
    connection: duckdb.DuckDBPyConnection, of: tuple[Judged, int], values: pa.Array, memory: Memory
) -> Words:
    """Return the words of an absent value, and of each of the values after it."""
    column, _ = of
    words = np.zeros((len(values) + 1, len(column.words)), np.int64)
    new = np.ones(len(values), np.bool_)
    if of in memory:
        known = memory[of]
        found = pc.index_in(values, value_set=known.values).fill_null(-1).to_numpy(zero_copy_only=False)
        new = found < 0
        words[1:][~new] = known.words[found[~new]]
    asked, length = values.filter(pa.array(new)), column.looks_at
    found_now = _asked(connection, column, asked) if length is None else _of_heads(connection, column, asked, length)
    words[1:][new] = found_now
    memory[of] = Answers(values, words[1:])
    return words


def _of_heads(connection: duckdb.DuckDBPyConnection, column: Judged, values: pa.Array, length: int) -> Words:
    """Ask of the beginnings of values alone, of which there are few."""
    heads = pc.utf8_slice_codeunits(values, 0, length).dictionary_encode()
    words: Words = _asked(connection, column, heads.dictionary)[heads.indices.to_numpy()]
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
