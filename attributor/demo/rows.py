"""From what a line sells a day to single charges: so many resources, by the day or by the hour."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attributor.demo.curves import Integers, Numbers
from attributor.demo.line import Line

_SIZES = 1021


@dataclass(frozen=True)
class ChargeRows:
    """Charges as equally long arrays, ordered by day.

    `line` and `day` are indices; `hour` is 0 to 23, or -1 where the charge is for the whole day; `resource` numbers
    the line's resources from 0; `quantity` is in millionths of the line's unit.
    """

    line: Integers
    day: Integers
    hour: Integers
    resource: Integers
    quantity: Integers

    def __len__(self) -> int:
        return int(self.line.size)


def row_counts(lines: Sequence[Line], sold: Integers, wanted: int) -> Integers:
    """Return how many charges each line has each day: `wanted` in all, or the fewest possible if that is more."""
    present = sold > 0
    counts: Integers = np.array([line.rows for line in lines], dtype=np.int64)[:, None] * present
    extra = wanted - int(counts.sum())
    growing = np.array([np.sqrt(line.dollars) if line.grows else 0.0 for line in lines])[:, None] * present
    if extra <= 0 or not growing.any():
        return counts
    reached = np.cumsum(growing.ravel())
    cuts = np.floor(reached / reached[-1] * extra).astype(np.int64)
    spread: Integers = counts + np.diff(cuts, prepend=0).reshape(counts.shape)
    return spread


def expand(lines: Sequence[Line], sold: Integers, counts: Integers, chance: np.random.Generator) -> ChargeRows:
    """Split each line's day into its charges; quantities sum to what was sold. From 24 charges on they are hourly."""
    by_day = counts.T.ravel()
    cell = np.repeat(np.arange(by_day.size), by_day)
    position = np.arange(cell.size) - (np.cumsum(by_day) - by_day)[cell]
    line, day = cell % len(lines), cell // len(lines)
    hourly = by_day[cell] >= 24
    resource = np.where(hourly, position // 24, position)
    sizes = np.exp(0.9 * chance.standard_normal(_SIZES))
    even = np.array([each.even for each in lines])[line]
    weight = np.where(even, 1.0, sizes[(line * 131 + resource * 17) % _SIZES] * chance.uniform(0.9, 1.1, cell.size))
    return ChargeRows(
        line=line,
        day=day,
        hour=np.where(hourly, position % 24, -1),
        resource=resource,
        quantity=_split(sold.T.ravel(), by_day, weight),
    )


def _split(totals: Integers, counts: Integers, weight: Numbers) -> Integers:
    """Split each total into `counts` parts by weight, by differences of running shares, so that parts sum to it."""
    used = counts > 0
    ends = np.cumsum(counts[used])
    starts = ends - counts[used]
    reached = np.cumsum(weight)
    before = np.concatenate(([0.0], reached))[starts]
    cell = np.repeat(np.arange(ends.size), counts[used])
    share = (reached - before[cell]) / (reached[ends - 1] - before)[cell]
    cuts = np.rint(share * totals[used][cell]).astype(np.int64)
    parts: Integers = np.diff(cuts, prepend=0)
    parts[starts] = cuts[starts]
    return parts
