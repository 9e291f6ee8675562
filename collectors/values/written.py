"""What amounts sum to as they are written, read apart from Arrow's decimal parser that makes the values.

A plain amount (-1234.567890) is an integer with its point left out and a count of decimals; all others are read by
Python's decimal parser, one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, localcontext
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EXACT = Context(prec=1000, traps=[Inexact])
"""Wide enough to add amounts of any scale that is let in; rounding would raise."""

_PLAIN = r"^-?[0-9]+(\.[0-9]+)?$"
_LONGEST = 18
"""Characters, so that the digits fit into 64 bits."""
_HALF = 32
Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Written:
    """Distinct amounts: `digits` times 10 ** -`decimals`; those that are not plain are in `others` by position."""

    digits: Integers
    decimals: Integers
    others: Mapping[int, Decimal]

    def sum(self, counts: Integers) -> Decimal:
        """Return the sum with each amount taken so many times, exactly; counts sum to less than 2**31."""
        with localcontext(EXACT):
            total = Decimal(0)
            for decimals in np.unique(self.decimals[counts > 0]).tolist():
                taken = (self.decimals == decimals) & (counts > 0)
                total += Decimal(_dot(self.digits[taken], counts[taken])).scaleb(-decimals)
            for position in filter(counts.__getitem__, self.others):
                total += self.others[position] * int(counts[position])
            return total


def _dot(numbers: Integers, counts: Integers) -> int:
    """Sum the products in two halves, neither of which can leave 64 bits."""
    high, low = numbers >> _HALF, numbers & (2**_HALF - 1)
    return (int(np.dot(high, counts)) << _HALF) + int(np.dot(low, counts))


def read_written(texts: pa.Array) -> Written:
    """Read distinct amounts; raises decimal.InvalidOperation for what is no number."""
    plain = pc.and_(pc.less_equal(pc.binary_length(texts), _LONGEST), pc.match_substring_regex(texts, _PLAIN))
    chosen = texts.filter(plain)
    at = plain.to_numpy(zero_copy_only=False)
    digits, decimals = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    digits[at] = pc.replace_substring(chosen, ".", "").cast(pa.int64()).to_numpy()
    point = pc.find_substring(chosen, ".").to_numpy().astype(np.int64)
    lengths = pc.binary_length(chosen).to_numpy().astype(np.int64)
    decimals[at] = np.where(point < 0, 0, lengths - 1 - point)
    others = {int(position): Decimal(texts[int(position)].as_py()) for position in np.flatnonzero(~at)}
    return Written(digits, decimals, others)
