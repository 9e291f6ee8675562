"""Medians of short windows, which is what most of the detectors' time goes to."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def windows(values: Floats, width: int) -> Floats:
    """Return each `width` values in a row, as a view: numpy's own way checks for longer than the medians take."""
    step = values.strides[0]
    count = max(values.size - width + 1, 0)
    return np.ndarray((count, width), np.float64, values, strides=(step, step))


def median_of_known(rows: Floats) -> Floats:
    """Return each row's median over what is not NaN; NaN for a row with nothing known."""
    ordered = rows.copy()
    ordered.sort(axis=-1)
    width = ordered.shape[1]
    middle: Floats = (ordered[:, (width - 1) // 2] + ordered[:, width // 2]) / 2
    last = ordered[:, -1]
    partly = (last != last).nonzero()[0]
    if partly.size:  # NaNs are sorted to the end
        some = ordered[partly]
        known = np.maximum((some == some).sum(axis=-1), 1)
        row = np.arange(known.size)
        middle[partly] = (some[row, (known - 1) // 2] + some[row, known // 2 - (known // 2 >= known)]) / 2
    return middle


def median(values: list[float]) -> float:
    """Return the median of a short, non-empty list; faster than numpy below a hundred values."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def median_of(values: Floats) -> float:
    """Return the median of numbers, not none, all of them known: numpy's own way looks for what is not there."""
    ordered = np.sort(values)
    return float((ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2)


class Newest:
    """The last `size` of the values that were added, kept in order, so that their median costs no sorting."""

    def __init__(self, size: int, values: Iterable[float] = ()) -> None:
        self._values = deque(values, maxlen=size)
        self._ordered = sorted(self._values)

    def __len__(self) -> int:
        return len(self._ordered)

    def add(self, value: float) -> None:
        """Add a value; beyond `size` the oldest goes."""
        if len(self._values) == self._values.maxlen:
            del self._ordered[bisect_left(self._ordered, self._values[0])]
        self._values.append(value)
        insort(self._ordered, value)

    @property
    def median(self) -> float:
        """Return the median of what is there, which is not nothing."""
        middle = len(self._ordered) // 2
        if len(self._ordered) % 2:
            return self._ordered[middle]
        return (self._ordered[middle - 1] + self._ordered[middle]) / 2
