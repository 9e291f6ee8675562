"""Medians of short windows, which is what most of the detectors' time goes to."""

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
    ordered = np.sort(rows, axis=-1)
    width = ordered.shape[1]
    last = ordered[:, -1]
    if not np.isnan(last).any():
        plain: Floats = (ordered[:, (width - 1) // 2] + ordered[:, width // 2]) / 2
        return plain
    known = np.maximum(np.sum(~np.isnan(ordered), axis=-1), 1)
    row = np.arange(known.size)
    middle: Floats = (ordered[row, (known - 1) // 2] + ordered[row, known // 2 - (known // 2 >= known)]) / 2
    return middle


def median(values: list[float]) -> float:
    """Return the median of a short, non-empty list; faster than numpy below a hundred values."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
